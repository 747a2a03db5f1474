"""On a lead's page: the answer owed to whoever referred it, and who was reminded of what when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kfq_crm.base.forms import ActionForm, LedgerDateField
from kfq_crm.base.templatetags.office import day
from kfq_crm.base.workdays import WorkCalendar
from leads.actions.referrers import record_referrer_reply
from leads.admin.action_page import ActionPage, register
from leads.models import Lead, LimitItem, Reminder
from leads.reminders.registry import rule_of
from leads.rulebook import response_days
from leads.stages import Stage

SHOWN = 100


# --- The referrer ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Owed:
    """An answer that the referrer waits for; `due_on` where a limit runs."""

    referrer: str
    due_on: date | None


def answer_owed(lead: Lead, calendar: WorkCalendar, today: date) -> Owed | None:
    """None when nobody referred the lead, the answer is given, or the lead is out."""
    if not (lead.referrer and lead.is_open) or lead.referrer_replied_on:
        return None
    days = response_days(LimitItem.REFERRER_REPLY, today) if lead.stage == Stage.LEAD else {}
    if not days:
        return Owed(lead.referrer, None)
    since = timezone.localdate(lead.stage_entered_at)
    return Owed(lead.referrer, calendar.add_workdays(since, days.get(lead.band, days[""])))


class AnswerForm(ActionForm):
    replied_on = LedgerDateField(label=gettext_lazy("Answered on"))


class AnswerReferrerPage(ActionPage):
    title = gettext_lazy("Note the answer to the referrer")
    submit_label = gettext_lazy("Note the answer")
    form_class = AnswerForm

    def form_options(self) -> dict[str, Any]:
        answered = self.subject.referrer_replied_on
        return {"initial": {"replied_on": answered or timezone.localdate()}}

    def refusal(self) -> str:
        return "" if self.subject.referrer else _("Nobody referred this lead.")

    def consequences(self) -> list[str]:
        told = [
            _("%(referrer)s has been told what becomes of the lead; reminders of it end.")
            % {"referrer": self.subject.referrer}
        ]
        if self.subject.referrer_replied_on:
            noted = {"day": day(self.subject.referrer_replied_on)}
            told.append(_("Noted before: answered on %(day)s. The new day replaces it.") % noted)
        return told

    def act(self, form: Any) -> str:
        record_referrer_reply(lead=self.subject, by=self.user, **form.cleaned_data)
        return _("The answer to the referrer is noted.")


# --- Who was told ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Telling:
    """One reminder of the lead, for those who work on it."""

    reminder: Reminder
    label: Any

    @property
    def mail_colour(self) -> str:
        mail = self.reminder.mail
        if mail is None:
            return "grey"
        return "red" if mail.awaits_remedy else "green" if mail.sent_at else "grey"


def tellings(lead: Lead) -> list[Telling]:
    """The latest reminders of a lead, whoever got them; one query."""
    rows = Reminder.objects.filter(lead=lead).order_by("-recorded_on", "-pk")
    rows = rows.select_related("recipient", "stands_for", "mail").defer("mail__text", "mail__html")
    return [
        Telling(row, rule.label if (rule := rule_of(row.rule)) else _("reminder"))
        for row in rows[:SHOWN]
    ]


register({"answer_referrer": AnswerReferrerPage})
