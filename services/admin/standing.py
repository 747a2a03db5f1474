"""How a step stands, in a colour and in words: what lists, cards and the plan's page show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kfq_crm.base.templatetags.office import day as day_words
from kfq_crm.base.templatetags.office import limit_text
from kfq_crm.base.workdays import WorkCalendar
from services.gantt import StepDays
from services.models import ApprovalStep, ClockStop, StepState
from services.ordering import Span
from services.sla import Light, Stop, light_of

STATE_COLOURS = {
    StepState.WAITING: "",
    StepState.READY: "accent",
    StepState.SUBMITTED: "accent",
    StepState.ACCEPTED: "accent",
    StepState.RETURNED: "amber",
    StepState.GRANTED: "green",
    StepState.DEEMED: "green",
    StepState.REFUSED: "red",
    StepState.WAIVED: "",
}
PHASES = {
    StepState.WAITING: "waiting",
    StepState.READY: "open",
    StepState.SUBMITTED: "open",
    StepState.ACCEPTED: "running",
    StepState.RETURNED: "open",
    StepState.GRANTED: "closed",
    StepState.DEEMED: "closed",
    StepState.REFUSED: "open",
    StepState.WAIVED: "waived",
}


@dataclass(frozen=True)
class Standing:
    """The state as a badge, and the limit as a light with its words ("" without one)."""

    colour: str
    word: str
    light: str = ""
    limit: str = ""

    @property
    def badges(self) -> SafeString:
        """Both, as a cell of a list shows them."""
        state = _badge(self.colour, self.word)
        return format_html("{} {}", state, _badge(self.light, self.limit)) if self.limit else state


def _badge(colour: str, word: str) -> SafeString:
    return format_html(
        '<span class="o-badge{}">{}</span>', f" o-badge--{colour}" if colour else "", word
    )


def standing(
    step: ApprovalStep, stops: Iterable[ClockStop], today: date, calendar: WorkCalendar
) -> Standing:
    """`stops`: those of the step that are open."""
    word = str(step.get_state_display())
    colour = STATE_COLOURS[StepState(step.state)]
    light, limit = _limit(step, [stop for stop in stops if not stop.ended_on], today, calendar)
    return Standing(colour, word, light, limit)


def _limit(
    step: ApprovalStep, stops: Sequence[ClockStop], today: date, calendar: WorkCalendar
) -> tuple[str, str]:
    if step.state in (StepState.GRANTED, StepState.DEEMED, StepState.REFUSED):
        return _decided(step, calendar)
    if step.state in (StepState.ACCEPTED, StepState.RETURNED) and (stops or not step.due_on):
        why = stops[0].get_reason_display() if stops else ""
        return "amber", _clock_stands(str(why))
    if step.state == StepState.ACCEPTED and step.due_on:
        light = light_of(calendar, step.due_on, today)
        return str(light.value), limit_text(step.due_on, today, calendar)
    if step.state == StepState.SUBMITTED and step.answer_due_on:
        told = {"limit": limit_text(step.answer_due_on, today, calendar)}
        colour = light_of(calendar, step.answer_due_on, today).value
        return str(colour), _("to accept: %(limit)s") % told
    return "", ""


def _clock_stands(why: str) -> str:
    return _("clock stands: %(why)s") % {"why": why} if why else _("clock stands")


def _decided(step: ApprovalStep, calendar: WorkCalendar) -> tuple[str, str]:
    """When it was decided, and how far beyond its limit."""
    if not step.decided_on:
        return "", ""
    told = day_words(step.decided_on)
    is_late = step.due_on is not None and step.decided_on > step.due_on
    if not step.due_on or not is_late or step.state == StepState.DEEMED:
        return "", told
    late = calendar.overdue_workdays(step.due_on, step.decided_on)
    words = ngettext(
        "%(day)s, %(late)d working day late", "%(day)s, %(late)d working days late", late
    )
    return "red" if late else "", words % {"day": told, "late": late}


def light_of_step(step: ApprovalStep, today: date, calendar: WorkCalendar) -> str:
    """The colour of the step's own bar in the drawing."""
    if step.state == StepState.REFUSED:
        return "red"
    if step.state == StepState.DEEMED:
        return "deemed"
    if step.decided_on and step.due_on and step.decided_on > step.due_on:
        return "red"
    if step.state != StepState.ACCEPTED:
        return "green"
    return str(light_of(calendar, step.due_on, today).value if step.due_on else Light.AMBER.value)


def days_of(step: ApprovalStep, stops: Iterable[ClockStop], before: Iterable[str]) -> StepDays:
    """What the drawing needs of a step."""
    refused = step.state == StepState.REFUSED
    planned: Any = None
    if step.planned_from_on and step.planned_until_on:
        planned = Span(step.planned_from_on, step.planned_until_on)
    stopped = [Stop(stop.began_on, stop.ended_on) for stop in stops]
    phase = PHASES[StepState(step.state)]
    return StepDays(
        code=step.code,
        phase="running" if step.state == StepState.RETURNED and step.clock_from_on else phase,
        working_days=step.working_days,
        planned=planned,
        submitted_on=step.submitted_on,
        clock_from_on=step.clock_from_on,
        due_on=step.due_on,
        decided_on=None if refused and not step.clock_from_on else step.decided_on,
        stops=stopped,
        before=tuple(before),
    )
