"""A chain's target companies, policies, sites, gaps, segments: plain records, saved safely."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import transaction
from django.utils.translation import gettext as _

from chains.models import Chain, ChainPolicy, Segment, Site, TargetCompany, TargetState
from chains.visibility import own_teams, sees_all
from kfq_crm.base import concurrency
from kfq_crm.base.codes import clean_uscc
from kfq_crm.base.columns import at_field
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import Versioned
from kfq_crm.base.names import company_key, pinyin_full

if TYPE_CHECKING:
    from kfq_crm.base.models import User

V = TypeVar("V", bound=Versioned)


@transaction.atomic
def save_target_company(
    *, company: TargetCompany, values: Mapping[str, Any], by: User, expected: int | None = None
) -> TargetCompany:
    """Add or change a target company. Raises RuleViolation for one that is on the list."""
    record = _apply(company, values, by=by, expected=expected)
    _require_own_chain(record.chain, by)
    record.name = record.name.strip()
    record.name_key = company_key(record.name)
    with at_field("uscc"):
        record.uscc = clean_uscc(record.uscc) if record.uscc else ""
    _check_place(record)
    same = TargetCompany.objects.filter(chain=record.chain, name_key=record.name_key)
    if same.exclude(pk=record.pk).exists():
        raise RuleViolation("on_list", _("This company is on the chain's list already."), "name")
    return _write(record, by=by)


@transaction.atomic
def hand_over_companies(*, chain: Chain, person: User, heir: User | None, by: User) -> int:
    """Name another person in charge of the target companies that somebody leaves behind."""
    rows = TargetCompany.objects.filter(chain=chain, owner=person).order_by("pk")
    keys = list(rows.values_list("pk", flat=True))
    for pk in keys:
        locked = concurrency.lock(TargetCompany.objects.all(), pk)
        locked.owner = heir
        concurrency.save(locked, by=by, fields={"owner"})
    return len(keys)


@transaction.atomic(savepoint=False)
def mark_became_lead(*, chain: Chain, name: str, by: User) -> None:
    """Note on the chain's list that a lead was logged for this company, if it stands there."""
    sought = TargetCompany.objects.filter(chain=chain, name_key=company_key(name))
    company = sought.exclude(state=TargetState.LEAD).first()
    if company:
        locked = concurrency.lock(TargetCompany.objects.all(), company.pk)
        locked.state = TargetState.LEAD
        concurrency.save(locked, by=by, fields={"state"})


@transaction.atomic
def save_segment(
    *, segment: Segment, values: Mapping[str, Any], by: User, expected: int | None = None
) -> Segment:
    """Add or change a segment. Raises RuleViolation for a circle or a parent of another chain.

    The chain is locked first: two moves at once could close a circle that neither sees.
    """
    Chain.objects.select_for_update(no_key=True).get(pk=(values.get("chain") or segment.chain).pk)
    record = _apply(segment, values, by=by, expected=expected)
    parent = record.parent
    if parent and parent.chain_id != record.chain_id:
        raise RuleViolation("other_chain", _("Choose a segment of the same chain."), "parent")
    _check_circle(record)
    same = Segment.objects.filter(chain=record.chain_id, parent=record.parent_id, name=record.name)
    if same.exclude(pk=record.pk).exists():
        raise RuleViolation("name_taken", _("There is a segment of this name here."), "name")
    record.code = record.code or _free_code(record)
    return _write(record, by=by)


def _check_circle(record: Segment) -> None:
    """Walks the rows as they are under the lock; the parent in the form may be older."""
    parents = dict(Segment.objects.filter(chain=record.chain_id).values_list("pk", "parent"))
    above, seen = record.parent_id, {record.pk}
    while above:
        if above in seen:
            raise RuleViolation("circle", _("A segment cannot lie inside itself."), "parent")
        seen.add(above)
        above = parents.get(above)


@transaction.atomic
def reorder_segment(*, segment: Segment, step: int, by: User) -> Segment:
    """Swap a segment with the sibling before (-1) or after (+1) it; at the edge nothing happens."""
    Chain.objects.select_for_update(no_key=True).get(pk=segment.chain_id)
    siblings = list(Segment.objects.filter(chain=segment.chain_id, parent=segment.parent_id))
    here = next(place for place, row in enumerate(siblings) if row.pk == segment.pk)
    there = here + step
    if 0 <= there < len(siblings):
        siblings[here], siblings[there] = siblings[there], siblings[here]
    for place, row in enumerate(siblings, 1):
        if row.order != place:
            locked = concurrency.lock(Segment.objects.all(), row.pk)
            locked.order = place
            concurrency.save(locked, by=by, fields={"order"})
    return Segment.objects.get(pk=segment.pk)


@transaction.atomic
def save_record(
    *, record: V, values: Mapping[str, Any], by: User, expected: int | None = None
) -> V:
    """Add or change a record without rules of its own beyond its columns.

    A chain's policies and sites are kept by its own team, as its target companies are.
    """
    changed = _apply(record, values, by=by, expected=expected)
    if isinstance(changed, ChainPolicy | Site):
        _require_own_chain(changed.chain, by)
    return _write(changed, by=by)


def _apply(record: V, values: Mapping[str, Any], *, by: User, expected: int | None) -> V:
    """The locked record with the values set; DoesNotExist when it is hidden from the person."""
    if record.pk is not None:
        visible = type(record)._default_manager.visible_to(by)  # type: ignore[attr-defined]  # all of ours are scoped
        record = concurrency.lock(visible, record.pk, expected)
    for field, value in values.items():
        setattr(record, field, value)
    return record


def _write(record: V, *, by: User) -> V:
    if record.pk is None:
        return concurrency.create(record, by=by)
    return concurrency.save(record, by=by)


def _require_own_chain(chain: Chain, by: User) -> None:
    if not sees_all(by) and not own_teams(by).filter(chain=chain).exists():
        raise RuleViolation(
            "other_team", _("You can keep the list of your own chain only."), "chain"
        )


def _check_place(company: TargetCompany) -> None:
    if company.segment and company.segment.chain_id != company.chain_id:
        raise RuleViolation("other_chain", _("Choose a segment of the same chain."), "segment")
    if company.gap and company.gap.chain_id != company.chain_id:
        raise RuleViolation("other_chain", _("Choose a gap of the same chain."), "gap")


def _free_code(segment: Segment) -> str:
    """A short code from the name's pinyin that no other segment of the chain has."""
    stem = pinyin_full(segment.name)[:50] or "segment"
    codes = Segment.objects.filter(chain=segment.chain_id, code__startswith=stem)
    taken = set(codes.values_list("code", flat=True))
    return next(code for code in _numbered(stem) if code not in taken)


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    yield from (f"{stem}-{number}" for number in count(2))
