"""What falls due about promises: the promise itself, its look-back, a rectification."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from leads.models import Commitment, LookBack, Rectification, RectificationState, Reminder
from leads.models.reminder import Role
from leads.reminders.clock import Clock, Window
from leads.reminders.rules import Due, ReminderRule, between


class PromiseRule(ReminderRule):
    """A rule over records with a `due_on` that hang on a lead; `lead` is the way there.

    Another day starts the reminding anew, as another round of the lead does.
    """

    lead: ClassVar[str]
    owner: ClassVar[str]

    @abstractmethod
    def subjects(self) -> QuerySet[Any]:
        """Records that can fall due by this rule."""

    def due(self, window: Window, level: int, clock: Clock, after: int, limit: int) -> list[Due]:
        same = {"due_on": OuterRef("due_on"), "round": OuterRef(f"{self.lead}__reminder_round")}
        found = self._on_open_leads().filter(
            between("due_on", window), ~self.recorded(level, **same), pk__gt=after
        )
        rows = found.order_by("pk").values(
            *("pk", "due_on"),
            about=F(f"{self.lead}_id"),
            told=F(f"{self.owner}_id"),
            chain=F(f"{self.lead}__chain_id"),
            round=F(f"{self.lead}__reminder_round"),
        )
        return [
            Due(
                subject_id=row["pk"],
                lead_id=row["about"],
                due_on=row["due_on"],
                revision=row["due_on"].toordinal(),
                owner_id=row["told"],
                chain_id=row["chain"],
                round=row["round"],
            )
            for row in rows[:limit]
        ]

    def current(self, reminders: QuerySet[Reminder]) -> QuerySet[Reminder]:
        same = {f"{self.lead}__reminder_round": OuterRef("round")}
        still = self._on_open_leads().filter(
            pk=OuterRef("subject_id"), due_on=OuterRef("due_on"), **same
        )
        return reminders.filter(Exists(still))

    def _on_open_leads(self) -> QuerySet[Any]:
        return self.subjects().filter(**{f"{self.lead}__exit": ""})


class PromiseDue(PromiseRule):
    """A promise of either side whose day comes and that nobody has judged."""

    code = "promise"
    label = _("promise to be kept or judged")
    roles = frozenset({Role.OWNER, Role.HEAD})
    lead = "contract__lead"
    owner = "contract__lead__owner"

    def subjects(self) -> QuerySet[Commitment]:
        return Commitment.objects.filter(verdict="")

    def details(self, reminders: Sequence[Reminder]) -> dict[int, str]:
        rows = Commitment.objects.filter(pk__in=[item.subject_id for item in reminders])
        return {row.pk: f"{row.get_side_display()} · {row.metric}" for row in rows}


class LookBackDue(PromiseRule):
    """A look-back that is to be held."""

    code = "look_back"
    label = _("look-back to be held")
    lead = "contract__lead"
    owner = "contract__lead__owner"

    def subjects(self) -> QuerySet[LookBack]:
        return LookBack.objects.filter(held_on=None)

    def details(self, reminders: Sequence[Reminder]) -> dict[int, str]:
        rows = LookBack.objects.filter(pk__in=[item.subject_id for item in reminders])
        return {row.pk: f"{row.contract.number} · {row}" for row in rows.select_related("contract")}


class RectificationDue(PromiseRule):
    """A rectification; whoever is to do it is told first."""

    code = "rectification"
    label = _("rectification to be done")
    lead = "commitment__contract__lead"
    owner = "owner"

    def subjects(self) -> QuerySet[Rectification]:
        return Rectification.objects.filter(state=RectificationState.OPEN)

    def details(self, reminders: Sequence[Reminder]) -> dict[int, str]:
        keys = [item.subject_id for item in reminders]
        return dict(Rectification.objects.filter(pk__in=keys).values_list("pk", "task"))
