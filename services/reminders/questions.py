"""What falls due about questions and liaison: the next limit, a request for time, a visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import BigIntegerField, Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from leads.models import Reminder
from leads.models.reminder import Role
from leads.reminders.clock import Clock, Window
from leads.reminders.registry import register
from leads.reminders.rules import Due, ReminderRule, between
from services.models import Extension, Liaison, Question, QuestionState
from services.question_rights import decider

NO_CHAIN = 0


class DatedRule(ReminderRule):
    """A rule over records of services with a due day. `day`, `round` are columns; `told` are
    the people by role, as expressions."""

    model: ClassVar[type[Any]]
    day: ClassVar[str]
    round: ClassVar[str] = ""
    page: ClassVar[str]

    def subjects(self) -> QuerySet[Any]:
        """Records that can fall due by this rule."""
        raise NotImplementedError

    def told(self) -> dict[str, Any]:
        """Whom each role names; OWNER is always somebody."""
        raise NotImplementedError

    def _same(self) -> dict[str, Any]:
        same: dict[str, Any] = {"due_on": OuterRef(self.day)}
        return {**same, "round": OuterRef(self.round)} if self.round else same

    def due(self, window: Window, level: int, clock: Clock, after: int, limit: int) -> list[Due]:
        found = self.subjects().filter(
            between(self.day, window), ~self.recorded(level, **self._same()), pk__gt=after
        )
        columns = {f"told_{role}": person for role, person in self.told().items()}
        names = ("pk", self.day, *([self.round] if self.round else []))
        rows = found.order_by("pk").annotate(**columns).values(*names, *columns)[:limit]
        return [self._due(row) for row in rows]

    def _due(self, row: dict[str, Any]) -> Due:
        people = {role: row[f"told_{role}"] for role in self.told() if row[f"told_{role}"]}
        return Due(
            subject_id=row["pk"],
            lead_id=None,
            due_on=row[self.day],
            revision=row[self.day].toordinal(),
            owner_id=people[Role.OWNER],
            chain_id=NO_CHAIN,
            round=row[self.round] if self.round else 0,
            people=people,
        )

    def current(self, reminders: QuerySet[Reminder]) -> QuerySet[Reminder]:
        same = {self.day: OuterRef("due_on")}
        if self.round:
            same[self.round] = OuterRef("round")
        return reminders.filter(Exists(self.subjects().filter(pk=OuterRef("subject_id"), **same)))

    def addresses(self, reminders: Sequence[Reminder]) -> Mapping[int, str]:
        return {item.subject_id: reverse(self.page, args=[item.subject_id]) for item in reminders}


def _officer(of: str) -> Subquery:
    """The liaison officer of the enterprise that the outer row names."""
    cares = Liaison.objects.active().filter(enterprise=OuterRef(of))
    return Subquery(cares.values("officer")[:1])


def _first(*people: Any) -> Coalesce:
    """The first of these people that there is: keys, whichever columns they come from."""
    return Coalesce(*people, output_field=BigIntegerField())


def _in_short(question: Question, *words: str) -> str:
    """Deputies and appointers are reminded too, and mails travel: of a confidential question its
    number alone."""
    if question.confidential:
        return question.number
    return " · ".join((question.title, *words))


class QuestionDue(DatedRule):
    """The limit of the step that is next: the handler is told, then the department's head, then
    who looks after the enterprise."""

    code = "question"
    label = _("enterprise question to be dealt with")
    model = Question
    day = "due_on"
    round = "reminder_round"
    page = "admin:services_question_page"

    def subjects(self) -> QuerySet[Question]:
        return Question.objects.filter(due_on__isnull=False)

    def told(self) -> dict[str, Any]:
        intake = (F("taken_in_by"), F("link__issued_by"))
        return {
            Role.OWNER: _first("handler", "department__head", _officer("enterprise"), *intake),
            Role.HEAD: F("department__head"),
            Role.LEAD_UNIT: _first(_officer("enterprise"), *intake),
        }

    def details(self, reminders: Sequence[Reminder]) -> dict[int, str]:
        rows = Question.objects.filter(pk__in=[item.subject_id for item in reminders])
        found = rows.only("title", "state", "confidential").in_bulk()
        return {pk: _in_short(row, row.get_state_display()) for pk, row in found.items()}


class ExtensionUndecided(DatedRule):
    """A request for more time that is not decided when the limit comes: the head is told, or who
    decides instead."""

    code = "question_extension"
    label = _("request for more time to be decided")
    model = Extension
    day = "before"
    page = "admin:services_question_decide_extension"
    roles = frozenset({Role.OWNER})

    def subjects(self) -> QuerySet[Extension]:
        undecided = Extension.objects.filter(decided_at=None)
        working = (QuestionState.VERIFIED, QuestionState.ANSWERED)
        named = undecided.filter(question__state__in=working).annotate(decider=decider())
        return named.filter(decider__isnull=False)

    def told(self) -> dict[str, Any]:
        return {Role.OWNER: F("decider")}

    def details(self, reminders: Sequence[Reminder]) -> dict[int, str]:
        rows = Extension.objects.filter(pk__in=[item.subject_id for item in reminders])
        wanted = rows.select_related("question").only("question__title", "question__confidential")
        return {row.pk: _in_short(row.question) for row in wanted}


class VisitDue(DatedRule):
    """The cadence wants the liaison officer to call on an enterprise again."""

    code = "liaison_visit"
    label = _("liaison visit to be paid")
    model = Liaison
    day = "next_visit_on"
    page = "admin:services_liaison_page"

    def subjects(self) -> QuerySet[Liaison]:
        return Liaison.objects.active().filter(next_visit_on__isnull=False)

    def told(self) -> dict[str, Any]:
        return {Role.OWNER: F("officer"), Role.HEAD: F("appointed_by")}

    def details(self, reminders: Sequence[Reminder]) -> dict[int, str]:
        rows = Liaison.objects.filter(pk__in=[item.subject_id for item in reminders])
        names = rows.values_list("pk", "enterprise__name", "confidential")
        hidden = _("an enterprise that is kept confidential")
        return {pk: str(hidden) if confidential else name for pk, name, confidential in names}


def register_rules() -> None:
    for rule in (QuestionDue(), ExtensionUndecided(), VisitDue()):
        register(rule)
