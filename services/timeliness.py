"""Whether departments decide and answer within the recorded limits (办件时效), as one table.

Definitions, for a period of whole days in site time with both ends in it:

- Decided: steps of approvals that were granted, refused or granted by default in the period. Late
  is a decision after the last day that was recorded for it, and every grant by default; a step that
  was decided while its clock stood is in time.
- Days: calendar days from the acceptance of an application to its decision, with those on which
  the clock stood; the median of the decided steps.
- Fed back: outcomes that were told to an enterprise in the period, each round of a question by
  itself, in time if told by the limit of the solution recorded then.
- Satisfaction: ratings that were given for these outcomes until now, 1 to 5.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Case, Count, ExpressionWrapper, F, Q, Sum, Value, When
from django.db.models import DurationField as Duration
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from services.models import ApprovalStep, Department, Feedback, StepState

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from kfq_crm.base.models import User

DECIDED = (StepState.GRANTED, StepState.REFUSED, StepState.DEEMED)
LOW_SCORE = 2  # ratings up to this count as dissatisfied
LATE = Q(is_deemed=True) | Q(decided_on__gt=F("due_on"))
# Not written as the negation: of a step without a last day the comparison is neither
IN_TIME = Q(is_deemed=False) & (Q(due_on=None) | Q(decided_on__lte=F("due_on")))

STEPS_DEFINITION = _(
    "Steps of approvals that were decided in the period: granted, refused or granted by default. "
    "In time: by the last day recorded for the step, which stops of the clock have moved; a step "
    "decided while its clock stood is in time. A grant by default is late, whatever the authority "
    "said of it afterwards."
)
DAYS_DEFINITION = _(
    "Median of the calendar days from the acceptance of an application to its decision, with the "
    "days on which the clock stood."
)
QUESTIONS_DEFINITION = _(
    "Outcomes that were told to enterprises in the period, each time of asking by itself, by the "
    "department that answered. In time: by the limit of the solution recorded for it then."
)
SATISFACTION_DEFINITION = _(
    "Ratings from 1 to 5 that enterprises gave for these outcomes: their mean, and the share of "
    "1 and 2."
)


@dataclass(frozen=True)
class Span:
    """A period of whole days in site time; both ends belong to it."""

    first: date
    last: date

    @property
    def begins_at(self) -> datetime:
        return _midnight(self.first)

    @property
    def ends_at(self) -> datetime:
        """The first moment that does not belong to it."""
        return _midnight(self.last + timedelta(days=1))


@dataclass
class Served:
    """What one department, or the whole zone, did in the period."""

    decided: int = 0
    steps_late: int = 0
    deemed: int = 0
    fed_back: int = 0
    questions_late: int = 0
    rated: int = 0
    low: int = 0
    points: int = 0
    days: Counter[int] = field(default_factory=Counter)

    @property
    def steps_in_time(self) -> int:
        return self.decided - self.steps_late

    @property
    def questions_in_time(self) -> int:
        return self.fed_back - self.questions_late

    @property
    def steps_percent(self) -> float | None:
        return percent(self.steps_in_time, self.decided)

    @property
    def questions_percent(self) -> float | None:
        return percent(self.questions_in_time, self.fed_back)

    @property
    def median_days(self) -> float | None:
        return median_of(self.days)

    @property
    def mean_score(self) -> float | None:
        return round(self.points / self.rated, 2) if self.rated else None

    @property
    def low_percent(self) -> float | None:
        return percent(self.low, self.rated)

    def __bool__(self) -> bool:
        return bool(self.decided or self.fed_back)

    def __iadd__(self, other: Served) -> Served:
        for name in COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.days.update(other.days)
        return self


COUNTED = (
    *("decided", "steps_late", "deemed"),
    *("fed_back", "questions_late", "rated", "low", "points"),
)


@dataclass(frozen=True)
class Line:
    department: Department
    served: Served


@dataclass(frozen=True)
class Table:
    """A line a department that did anything in the period, in their order, and the zone's."""

    span: Span
    lines: list[Line]
    total: Served


def percent(part: int, whole: int) -> float | None:
    """With one decimal; None of nothing."""
    return round(100 * part / whole, 1) if whole else None


def median_of(days: Mapping[int, int]) -> float | None:
    """The median of values given with how often each occurs; the mean of the middle two."""
    number = sum(days.values())
    if not number:
        return None
    ordered = sorted(days.items())
    return (_nth(ordered, (number - 1) // 2) + _nth(ordered, number // 2)) / 2


def _nth(ordered: Iterable[tuple[int, int]], place: int) -> int:
    for value, times in ordered:
        if place < times:
            return value
        place -= times
    raise IndexError(place)


def decided_in(rows: QuerySet[ApprovalStep], span: Span) -> QuerySet[ApprovalStep]:
    return rows.filter(state__in=DECIDED, decided_on__range=(span.first, span.last))


def fed_back_in(rows: QuerySet[Feedback], span: Span) -> QuerySet[Feedback]:
    """Bounds in site time, not a cast of the column."""
    return rows.filter(given_at__gte=span.begins_at, given_at__lt=span.ends_at)


def table_of(user: User, span: Span) -> Table:
    """The period as the person may see it, in three statements whatever the number of rows.

    The steps come grouped by department and number of days, so that medians are exact.
    """
    found: dict[int, Served] = defaultdict(Served)
    _add_steps(found, decided_in(ApprovalStep.objects.visible_to(user), span))
    _add_feedback(found, fed_back_in(Feedback.objects.visible_to(user), span))
    total = Served()
    for served in found.values():
        total += served
    known = Department.objects.filter(Q(pk__in=found.keys()) | Q(is_active=True))
    return Table(span, [Line(row, found[row.pk]) for row in known if row.pk in found], total)


def _add_steps(found: dict[int, Served], rows: QuerySet[ApprovalStep]) -> None:
    took: Any = ExpressionWrapper(F("decided_on") - F("clock_from_on"), Duration())
    grouped = (
        rows.order_by()
        .values_list("department", took)
        .annotate(
            steps=Count("pk"),
            late=Count("pk", filter=LATE),
            deemed=Count("pk", filter=Q(is_deemed=True)),
        )
    )
    for department, days, steps, late, deemed in grouped:
        served = found[department]
        served.decided += steps
        served.steps_late += late
        served.deemed += deemed
        if days is not None:
            served.days[days.days] += steps


def _add_feedback(found: dict[int, Served], rows: QuerySet[Feedback]) -> None:
    grouped = (
        rows.order_by()
        .values_list("department")
        .annotate(
            told=Count("pk"),
            late=Count("pk", filter=Q(in_time=False)),
            rated=Count("score"),
            low=Count("pk", filter=Q(score__lte=LOW_SCORE)),
            points=Sum(Case(When(score__isnull=False, then=F("score")), default=Value(0))),
        )
    )
    for department, told, late, rated, low, points in grouped:
        served = found[department]
        served.fed_back, served.questions_late = told, late
        served.rated, served.low, served.points = rated, low, int(points)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
