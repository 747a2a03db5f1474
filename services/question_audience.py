"""Who sees questions, in keys: see `kfq_crm.base.feed.registry` and `QuestionQuerySet.visible_to`.

The officer of an enterprise holds a key of that enterprise, and who stands in for a missing officer
as well; the people of a department one of it: when the care or the department changes hands, the
readers' keys change and they begin anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import F, Model

from leads.audience import lead_audiences
from services.audience import ALL
from services.models import (
    Handover,
    Question,
    cared_for_by,
    departments_of,
    left_to_service,
    stands_in,
)

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from kfq_crm.base.feed.registry import Audience
    from kfq_crm.base.models import User

Audiences = Mapping[int, "Audience"]
COLUMNS = ("pk", "enterprise", "taken_in_by", "link__issued_by", "lead")
SECRET = ("confidential", "lead__confidential")
DECIDING = frozenset({"enterprise_id", "taken_in_by_id", "link_id", "confidential", "lead_id"})


def reader_keys(user: User) -> Iterator[str]:
    yield _person(user.pk)
    yield from map(_care, _enterprises_of(user).values_list("found", flat=True))
    yield from map(_answers, departments_of(user).values_list("pk", flat=True))


def _enterprises_of(user: User) -> QuerySet[Any, Any]:
    """Those in the own care; and for who stands in, those that nobody looks after."""
    own = cared_for_by(user).order_by().values(found=F("enterprise"))
    return own.union(left_to_service().order_by().values(found=F("pk"))) if stands_in(user) else own


def _person(pk: int) -> str:
    return f"question-person:{pk}"


def _care(enterprise: int) -> str:
    return f"question-care:{enterprise}"


def _answers(department: int) -> str:
    return f"question-department:{department}"


def question_audiences(pks: Collection[int]) -> Audiences:
    rows = list(Question.objects.filter(pk__in=pks).values_list(*COLUMNS, *SECRET))
    handed = _handed(pks)
    leads = lead_audiences({lead for _pk, _of, _by, _gave, lead, *_secret in rows if lead})
    found: dict[int, frozenset[str]] = {}
    for pk, enterprise, taken_in_by, gave_link, lead, *secret in rows:
        keys = {_care(enterprise), *handed[pk], *(leads[lead] if lead else ())}
        keys |= {_person(person) for person in (taken_in_by, gave_link) if person}
        if not any(secret):
            keys.add(ALL)
        found[pk] = frozenset(keys)
    return found


def _handed(pks: Collection[int]) -> Mapping[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    rows = Handover.objects.filter(question__in=pks).order_by()
    for question, department, handler in rows.values_list("question", "department", "handler"):
        found[question].add(_answers(department))
        if handler:
            found[question].add(_person(handler))
    return found


def on_leads(leads: Collection[int]) -> Iterable[tuple[type[Model], Collection[int]]]:
    """Questions that are seen with a lead; leads asks without knowing whom."""
    rows = Question.objects.filter(lead__in=leads)
    yield Question, set(rows.values_list("pk", flat=True))
