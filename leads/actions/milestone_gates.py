"""The gates of milestones: what must be on record, and what the typed evidence must not be."""

from __future__ import annotations

from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kfq_crm.base.errors import GateNotMet, RuleViolation
from kfq_crm.base.parsing import nfkc
from leads.landing_queries import facts_of_project, full_period
from leads.landing_rulebook import Works, works_on
from leads.milestones import MilestoneKind, ProductionProof, missing_for_milestone
from leads.models import LandedProject


def judge_milestone(
    project: LandedProject,
    kind: str,
    actual_on: date,
    evidence: str,
    *,
    works: str,
    proof: str,
    today: date,
) -> tuple[str, str]:
    """Works and proof to be kept with the milestone, once everything that it asks for is there.

    Raises GateNotMet with what is not on record, RuleViolation at the field that is wrong. A
    project of the report rests on its words, as far as what is on record does not contradict.
    """
    is_ours = project.contract_id is not None
    if kind == MilestoneKind.STARTED:
        begun = _permanent(evidence, works, actual_on, is_asked=is_ours)
        _require(project, kind, today)
        _check_start_day(project, actual_on)
        return begun, ""
    if kind == MilestoneKind.COMPLETED:
        _require(project, kind, today)
        _check_after_acceptance(project, actual_on)
    elif kind == MilestoneKind.PRODUCING:
        return "", _proof(proof, is_asked=is_ours)
    elif kind == MilestoneKind.FULL:
        _require(project, kind, today)
        _check_full_day(project, actual_on, today)
    return "", ""


def _require(project: LandedProject, kind: str, today: date) -> None:
    missing = missing_for_milestone(kind, facts_of_project(project, today))
    if missing:
        names = _(", ").join(str(requirement.label) for requirement in missing)
        message = _("Not on record yet: %(names)s.") % {"names": names}
        raise GateNotMet("gate_not_met", message, missing)


def _permanent(evidence: str, works: str, day: date, *, is_asked: bool) -> str:
    """The permanent works that the person names, if neither they nor the paper are others."""
    kinds = works_on(day)
    chosen = next((kind for kind in kinds if kind.name == works), None)
    if chosen is None and (works or is_asked):
        if not kinds:
            message = _("No rule names the works that count; the coordination office enters them.")
            raise RuleViolation("works_rule_missing", message, "works")
        raise RuleViolation("works_missing", _("Choose the permanent works begun."), "works")
    if chosen and not chosen.counts:
        raise RuleViolation("works_do_not_count", refusal_of_works(chosen), "works")
    _check_words(kinds, nfkc(evidence))
    return chosen.name if chosen else ""


def _check_words(kinds: list[Works], text: str) -> None:
    """A paper that names works which do not count, and none that do, proves no start."""
    if any(kind.counts and kind.named_in(text) for kind in kinds):
        return
    for kind in kinds:
        word = "" if kind.counts else kind.named_in(text)
        if word:
            message = _("The evidence names “%(word)s”. %(reason)s") % {
                "word": word,
                "reason": refusal_of_works(kind),
            }
            raise RuleViolation("works_do_not_count", message, "evidence")


def refusal_of_works(kind: Works) -> str:
    return _(
        "%(works)s: this is no start of works. Works start with permanent works under a permit; "
        "survey, levelling, demolition and temporary works do not count."
    ) % {"works": kind.name}


def _check_start_day(project: LandedProject, actual_on: date) -> None:
    """Works before any permit are not a start, nor works before the plant is rented."""
    issued = project.permits.order_by("issued_on").values_list("issued_on", flat=True).first()
    if issued and actual_on < issued:
        raise RuleViolation(
            "before_permit",
            _("The first permit was issued on %(day)s; works before it do not count.")
            % {"day": date_format(issued, "DATE_FORMAT")},
            "actual_on",
        )
    if project.lease_signed_on and actual_on < project.lease_signed_on:
        raise RuleViolation(
            "before_lease", _("This lies before the lease was signed."), "actual_on"
        )


def _check_after_acceptance(project: LandedProject, actual_on: date) -> None:
    counted = project.buildings.filter(is_counted=True, accepted_on__gt=actual_on)
    last = counted.order_by("-accepted_on").first()
    if last and last.accepted_on:
        raise RuleViolation(
            "before_acceptance",
            _("%(building)s was accepted on %(day)s; works are complete on the last such day.")
            % {"building": last, "day": date_format(last.accepted_on, "DATE_FORMAT")},
            "actual_on",
        )


def _check_full_day(project: LandedProject, actual_on: date, today: date) -> None:
    met = full_period(project, project.output_periods.all(), project.milestones.all(), today)
    if met and actual_on < met.ends_on:
        raise RuleViolation(
            "before_period_end",
            _("The period in which both were met ended on %(day)s.")
            % {"day": date_format(met.ends_on, "DATE_FORMAT")},
            "actual_on",
        )


def _proof(proof: str, *, is_asked: bool) -> str:
    if proof in ProductionProof or (not proof and not is_asked):
        return proof
    message = _("Choose what shows it: the first sales invoice, or power taken for production.")
    raise RuleViolation("proof_missing", message, "proof")
