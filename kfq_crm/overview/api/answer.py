"""The overview as one document: all figures of one instant, with what they mean."""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from django.core.cache import cache
from django.db.models import Q
from django.utils import timezone, translation

from chains.models import AnnualTarget, Scope
from kfq_crm.overview.api.definitions import CONFIDENTIAL, DEFINITIONS, UNITS
from kfq_crm.overview.api.figures import Figures
from kfq_crm.overview.api.groups import Groups
from kfq_crm.overview.api.targets import counting_of, percent_of
from kfq_crm.overview.queries.targets import COUNTED, attained

if TYPE_CHECKING:
    from kfq_crm.base.models import User
    from kfq_crm.overview.api.asking import Asked
    from kfq_crm.overview.queries.scene import Scene

# Long enough for a quiet day; a newer state has another key.
KEPT_SECONDS = 24 * 60 * 60


def document_of(user: User, asked: Asked, state: tuple[object, ...]) -> str:
    """The answer as JSON; from the cache where this state's was computed before."""
    key = _key(user, asked, state)
    known: str | None = cache.get(key)
    if known is None:
        known = json.dumps(overview_of(user, asked), ensure_ascii=False)
        cache.set(key, known, KEPT_SECONDS)
    return known


def overview_of(user: User, asked: Asked) -> dict[str, Any]:
    scene = asked.scene(user)
    with scene.at_once():
        now = timezone.localtime()
        groups = Groups(scene)
        figures = Figures(scene, groups)
        found = figures.all()
        found["targets"] = _targets(scene, figures)
    return {
        "as_of": _as_of(scene, now),
        "computed_at": now.isoformat(timespec="seconds"),
        "year": scene.year,
        "by": scene.by or None,
        "chain": asked.chain.code if asked.chain else None,
        "units": {name: str(words) for name, words in UNITS.items()},
        "confidential": _confidential(scene),
        "figures": found,
    }


def _as_of(scene: Scene, now: datetime) -> str:
    """The moment whose records are counted; a past day is counted to its end."""
    moment = now if scene.moment.is_now else timezone.localtime(scene.moment.until)
    return moment.isoformat(timespec="seconds")


def _confidential(scene: Scene) -> dict[str, Any]:
    """How confidential leads are treated; never whether there are any."""
    sight = scene.sight
    if sight.counts_hidden:
        words = str(CONFIDENTIAL["counted"]) % {"fewest": scene.fewest}
        return {"treatment": "merged", "fewest": scene.fewest, "definition": words}
    treatment = "read" if sight.reads_all else "left_out"
    return {"treatment": treatment, "definition": str(CONFIDENTIAL[treatment])}


def _targets(scene: Scene, figures: Figures) -> dict[str, Any]:
    rows = AnnualTarget.objects.visible_to(scene.sight.user).filter(
        year=scene.year, metric__code__in=COUNTED, value__isnull=False
    )
    if scene.chain is not None:
        rows = rows.filter(Q(chain=scene.chain) | Q(team__chain=scene.chain))
    rows = rows.select_related("metric", "chain", "team").order_by("pk")
    order = list(Scope)
    return {
        "definition": str(DEFINITIONS["targets"]),
        "rows": [
            _target(row, attained(row, figures.signed, figures.reached))
            for row in sorted(rows, key=lambda row: order.index(Scope(row.scope)))
        ],
    }


def _target(row: AnnualTarget, reached: int) -> dict[str, Any]:
    return {
        "id": row.pk,
        "scope": row.scope,
        "chain": row.chain.code if row.chain else None,
        "team": row.team_id,
        "name": row.chain.name if row.chain else row.team.name if row.team else "",
        "metric": {"code": row.metric.code, "name": row.metric.name, "unit": row.metric.unit},
        "comparator": row.comparator,
        "without_jiangyin_park": row.excludes_jiangyin_park,
        "target": str(row.value),
        "reached": reached,
        "percent": percent_of(row, reached),
        "counting": counting_of(row),
    }


def _key(user: User, asked: Asked, state: tuple[object, ...]) -> str:
    """Keys of the file cache are hashed anyway; Redis would show who asked."""
    rests_on = repr((user.pk, asked.key, state, translation.get_language()))
    return f"overview-{blake2b(rests_on.encode(), digest_size=20).hexdigest()}"
