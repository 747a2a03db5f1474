"""A chain's target companies, policies, sites, gaps, segments: plain records, saved safely."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import transaction
from django.utils.translation import gettext as _

from chains.models import Segment, TargetCompany
from chains.visibility import own_teams, sees_all
from kfq_crm.base import concurrency
from kfq_crm.base.codes import clean_uscc
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import Versioned
from kfq_crm.base.names import company_key

if TYPE_CHECKING:
    from chains.models import Chain
    from kfq_crm.base.models import User

V = TypeVar("V", bound=Versioned)


@transaction.atomic
def save_target_company(
    *, company: TargetCompany, values: Mapping[str, Any], by: User, expected: int | None = None
) -> TargetCompany:
    """Add or change a target company. Raises RuleViolation for one that is on the list."""
    record = _apply(company, values, by=by, expected=expected)
    _require_own_chain(record.chain, by)
    record.name_key = company_key(record.name)
    record.uscc = clean_uscc(record.uscc) if record.uscc else ""
    same = TargetCompany.objects.filter(chain=record.chain, name_key=record.name_key)
    if same.exclude(pk=record.pk).exists():
        raise RuleViolation("on_list", _("This company is on the chain's list already."), "name")
    return _write(record, by=by)


@transaction.atomic
def save_segment(
    *, segment: Segment, values: Mapping[str, Any], by: User, expected: int | None = None
) -> Segment:
    """Add or change a segment. Raises RuleViolation for a circle or a parent of another chain."""
    record = _apply(segment, values, by=by, expected=expected)
    parent = record.parent
    if parent and parent.chain_id != record.chain_id:
        raise RuleViolation("other_chain", _("Choose a segment of the same chain."), "parent")
    seen = {record.pk} - {None}
    while parent:
        if parent.pk in seen:
            raise RuleViolation("circle", _("A segment cannot lie inside itself."), "parent")
        seen.add(parent.pk)
        parent = parent.parent
    return _write(record, by=by)


@transaction.atomic
def save_record(
    *, record: V, values: Mapping[str, Any], by: User, expected: int | None = None
) -> V:
    """Add or change a record without rules of its own beyond its columns."""
    return _write(_apply(record, values, by=by, expected=expected), by=by)


def _apply(record: V, values: Mapping[str, Any], *, by: User, expected: int | None) -> V:
    if record.pk is not None:
        record = concurrency.lock(type(record)._default_manager.all(), record.pk, expected)
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
