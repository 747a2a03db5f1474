"""The frozen content of a digest: made once, shown to each reader as far as that one may see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from leads.digest import moved, promises, standing, zone
from leads.digest.figures import Figures
from leads.digest.reading import leads_of, readable_leads, readable_projects, sees_chain
from leads.digest.registry import Scope, register, section_of, sections

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfq_crm.base.models import User

FORMAT = 1

for _section in (
    Figures(),
    moved.Moved(),
    standing.Questions(),
    standing.Overdue(),
    promises.PromisesInDanger(),
    standing.Coming(),
    zone.ZoneFigures(),
    zone.ZoneChains(),
    zone.ZoneOverdue(),
    zone.Undelivered(),
):
    register(_section)


def payload_of(scope: Scope) -> dict[str, Any]:
    """Everything that the digest will say, as plain data.

    A week that is made late tells only what happened in it: what stood open then is not known
    any more. `secrets` names the confidential leads among what was counted.
    """
    found = {}
    for section in sections(of_zone=scope.chain is None):
        if scope.is_late and section.tells_of_now:
            continue
        content = section.content(scope)
        if content is not None:
            found[section.code] = content
    secrets = leads_of(scope).filter(confidential=True).order_by("pk")
    return {
        "format": FORMAT,
        "reader": str(scope.reader),
        "chain": scope.chain.name if scope.chain else "",
        "chain_key": scope.chain.pk if scope.chain else None,
        "week": scope.period.code,
        "first": scope.period.start.isoformat(),
        "last": scope.period.last_day.isoformat(),
        "as_of": timezone.localtime(scope.now).isoformat(timespec="minutes"),
        "is_late": scope.is_late,
        "secrets": list(secrets.values_list("pk", flat=True)),
        "sections": found,
    }


def for_viewer(payload: Mapping[str, Any], viewer: User) -> dict[str, Any]:
    """The content as far as this person may see it: for a deputy, for whoever previews, for the
    team's head. Items about what is hidden are taken out; where anything was counted that is
    hidden, the numbers are taken out as well. At most four queries.
    """
    items = list(_items(payload["sections"]))
    secrets = set(payload["secrets"])
    leads = readable_leads(viewer, {*secrets, *(item.get("lead") for item in items)})
    projects = readable_projects(viewer, (item.get("project") for item in items))
    sees_all_of_it = secrets <= leads and sees_chain(viewer, payload["chain_key"])
    cut = _Cut(leads, projects, keeps_numbers=sees_all_of_it)
    kept = {
        code: cut.clean(content)
        for code, content in payload["sections"].items()
        if sees_all_of_it or not _is_numbers(code)
    }
    return {**payload, "sections": kept, "is_cut": not sees_all_of_it or cut.left_out}


def _is_numbers(code: str) -> bool:
    section = section_of(code)
    return section is None or section.counts


class _Cut:
    """Takes items out of nested data, whatever a section calls them."""

    def __init__(self, leads: set[int], projects: set[int], *, keeps_numbers: bool) -> None:
        self.leads, self.projects, self.left_out = leads, projects, False
        self.keeps_numbers = keeps_numbers

    def clean(self, value: Any) -> Any:
        if isinstance(value, dict):
            cleaned = {name: self.clean(part) for name, part in value.items()}
            return cleaned if self.keeps_numbers else _recounted(cleaned)
        if isinstance(value, list):
            kept = [part for part in value if self._may_stay(part)]
            self.left_out |= len(kept) < len(value)
            return [self.clean(part) for part in kept]
        return value

    def _may_stay(self, part: Any) -> bool:
        if not isinstance(part, dict):
            return True
        if "lead" in part and part["lead"] not in self.leads:
            return False
        return not ("project" in part and part["project"] not in self.projects)


def _recounted(part: dict[str, Any]) -> dict[str, Any]:
    """Numbers beside a list say what the list shows, no more."""
    if isinstance(part.get("items"), list):
        said = {"total": len(part["items"]), "more": 0, "waiting": 0, "is_capped": False}
        part |= {name: number for name, number in said.items() if name in part}
    return part


def _items(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "lead" in value or "project" in value:
            yield value
        for part in value.values():
            yield from _items(part)
    elif isinstance(value, list):
        for part in value:
            yield from _items(part)
