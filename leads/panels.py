"""What the operations page says of reminders and digests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kfq_crm.base.models import SweepRun, User
from kfq_crm.base.operations import GOOD, WARNING, Line, register_panel
from kfq_crm.base.sweeps import COUNTS, expect
from leads.actions.look_back_sweep import SWEEP as LOOK_BACKS
from leads.digest.period import Period, due_at
from leads.models import Digest, Lead, Reminder
from leads.models.reminder import Via
from leads.reminders.engine import SWEEP
from leads.rulebook import digest_rule

NAMED = 10
SILENT = timedelta(minutes=30)  # longer than a sweep over a hundred thousand items takes


def read_reminders(now: datetime) -> Iterator[Line]:
    """The oldest step that is due, what waits for a message, who could not be told."""
    today = timezone.localdate(now)
    yield _oldest_step(today)
    waiting = Reminder.objects.on_desk(today).filter(mail=None, via=Via.MAIL).count()
    yield Line("unlisted", _("items for the next message"), str(waiting), waiting)
    run = SweepRun.objects.filter(name=SWEEP).first()
    yield _out_of_reach(run.counts.get("out_of_reach", []) if run else [])


def _oldest_step(today: date) -> Line:
    label = _("longest overdue step of a lead")
    overdue = Lead.objects.open().filter(next_action_on__lt=today)
    first = overdue.order_by("next_action_on", "pk").values_list("next_action_on", flat=True)
    oldest = first.first()
    if oldest is None:
        return Line("oldest_step_days", label, _("none is overdue"), 0, GOOD)
    days = (today - oldest).days
    text = _("due on %(day)s") % {"day": date_format(oldest, "SHORT_DATE_FORMAT")}
    return Line("oldest_step_days", label, text, days)


def _out_of_reach(pks: list[int]) -> Line:
    label = _("people whom no message reaches; those above them are told")
    if not pks:
        return Line("out_of_reach", label, _("nobody"), 0, GOOD)
    people = User.objects.filter(pk__in=pks[:NAMED]).order_by("pk")
    names = _(", ").join(str(person) for person in people)
    if len(pks) > NAMED:
        names = _("%(names)s and %(more)d more") % {"names": names, "more": len(pks) - NAMED}
    link = reverse("admin:base_user_changelist")
    return Line("out_of_reach", label, names, len(pks), WARNING, link)


def read_digests(now: datetime) -> Iterator[Line]:
    """When the next digests go out, and how many the last ones were."""
    today = timezone.localdate(now)
    rule = digest_rule(today)
    if rule is None:
        text = _("No rule says when the weekly digest goes out.")
        yield Line("next", _("next digests"), text, None, WARNING)
        return
    week = Period.of(today)
    moments = (due_at(period, rule.weekday, rule.time) for period in (week.before, week))
    coming = next(moment for moment in moments if moment > now)
    text = date_format(timezone.localtime(coming), "DATETIME_FORMAT")
    yield Line("next", _("next digests"), text, coming.timestamp())
    last = Digest.objects.order_by("-starts_on").values_list("starts_on", flat=True).first()
    if last:
        made = Digest.objects.filter(starts_on=last).count()
        link = reverse("admin:leads_digest_changelist")
        yield Line("made", _("digests of the last week"), str(made), made, link=link)


def register() -> None:
    """Called once while the app loads."""
    expect(SWEEP, gettext_lazy("reminders (sweep)"), SILENT)
    expect("make_digests", gettext_lazy("weekly digests (sweep)"), SILENT)
    expect(LOOK_BACKS, gettext_lazy("look-backs and promises (sweep)"))
    COUNTS.update(
        recorded=gettext_lazy("recorded (count)"),
        cancelled=gettext_lazy("cancelled (count)"),
        messages=gettext_lazy("messages queued (count)"),
        out_of_reach=gettext_lazy("people out of reach (count)"),
        is_rest_day=gettext_lazy("rest day: nothing recorded"),
        made=gettext_lazy("made (count)"),
        queued=gettext_lazy("queued (count)"),
        on_record=gettext_lazy("on record only (count)"),
        look_backs=gettext_lazy("look-backs made (count)"),
        outlooks=gettext_lazy("promises that stand otherwise (count)"),
    )
    register_panel("reminder", pgettext_lazy("operations", "Reminders"), read_reminders)
    register_panel("digest", pgettext_lazy("operations", "Weekly digests"), read_digests)
