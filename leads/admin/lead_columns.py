"""What a row of the lead list says."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from kfq_crm.base.templatetags.office import amount as amount_words
from kfq_crm.base.templatetags.office import day as day_words
from kfq_crm.base.templatetags.office import limit_colour, limit_text
from leads.models import Lead, WaitingFor
from leads.stages import Exit, Stage

COLUMNS = ("name", "place", "stage_and_days", "amount", "owner_name", "next_step", "waiting")


class LeadColumns:
    """The seven columns; rows carry today and the calendar (`calendar_in_list`).

    Codes get their labels from the enumerations: Django's `get_…_display` puts all choices into a
    dictionary each time.
    """

    @admin.display(description=gettext_lazy("project and company"))
    def name(self, lead: Lead) -> SafeString:
        second = lead.enterprise.name if lead.enterprise.name != lead.title else ""
        number = format_html('<span class="o-nowrap">{}</span>', lead.number)
        marks = [second, number] if second else [number]
        if lead.confidential:
            marks.append(_("confidential: %(code)s") % {"code": lead.code_name})
        return two_lines(lead.title, format_html_join(" · ", "{}", ((mark,) for mark in marks)))

    @admin.display(description=gettext_lazy("chain and segment"), ordering="chain__order")
    def place(self, lead: Lead) -> SafeString:
        return two_lines(lead.chain.name, lead.segment.name if lead.segment else "")

    @admin.display(description=gettext_lazy("stage"), ordering="stage_entered_at")
    def stage_and_days(self, lead: Any) -> SafeString:
        if lead.exit:
            since = day_words(lead.exited_on)
            return two_lines(Exit(lead.exit).label, f"{Stage(lead.stage).label} · {since}")
        days = (lead.list_today - timezone.localdate(lead.stage_entered_at)).days
        told = ngettext("for %(days)d day", "for %(days)d days", days) % {"days": days}
        held = format_html('<span class="o-nowrap">{}</span>', told if days else _("since today"))
        return two_lines(Stage(lead.stage).label, held)

    @admin.display(description=gettext_lazy("total investment"), ordering="investment")
    def amount(self, lead: Lead) -> SafeString:
        words = amount_words(lead.investment, lead.currency)
        if lead.investment is not None and lead.amount_is_estimate:
            words = pgettext("amount", "about %(amount)s") % {"amount": words}
        return format_html('<span class="o-number">{}</span>', words)

    @admin.display(description=gettext_lazy("person in charge"), ordering="owner__display_name")
    def owner_name(self, lead: Lead) -> str:
        return str(lead.owner)

    @admin.display(description=gettext_lazy("next step"), ordering="next_action_on")
    def next_step(self, lead: Any) -> SafeString | str:
        due = lead.next_action_on
        if lead.exit or due is None:
            return lead.next_action or "—"
        badge = format_html(
            '<span class="o-badge o-badge--{}" title="{}">{}</span>',
            limit_colour(due, lead.list_today),
            day_words(due),
            limit_text(due, lead.list_today, lead.list_calendar),
        )
        return format_html('<span class="o-cell">{} {}</span>', lead.next_action, badge)

    @admin.display(description=gettext_lazy("waiting for whom"), ordering="waiting_since")
    def waiting(self, lead: Lead) -> SafeString | str:
        if lead.exit:
            return "—"
        whom = str(WaitingFor(lead.waiting_for).label)
        if lead.waiting_detail:
            whom = f"{whom} · {lead.waiting_detail}"
        return two_lines(whom, _("since %(day)s") % {"day": day_words(lead.waiting_since)})


def two_lines(first: str, second: str) -> SafeString:
    """A fact, and below it what stands with it."""
    if not second:
        return format_html("<span>{}</span>", first)
    return format_html('<span>{}<span class="o-second">{}</span></span>', first, second)
