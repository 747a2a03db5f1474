"""The hours in which nothing is sent: a rule with the day from which it holds."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kfq_crm.base.admin.rules import RuleAdmin
from kfq_crm.base.models import QuietHours


@admin.register(QuietHours)
class QuietHoursAdmin(RuleAdmin):
    figures = ("starts_at", "ends_at")
    list_display = ("hours", "since", "state", "basis")
    phone_columns = ("since", "state", "basis")
    empty_hint = gettext_lazy("No quiet hours: messages go out at any time.")

    @admin.display(description=gettext_lazy("nothing is sent"), ordering="starts_at")
    def hours(self, rule: QuietHours) -> str:
        words = {"start": f"{rule.starts_at:%H:%M}", "end": f"{rule.ends_at:%H:%M}"}
        if rule.starts_at < rule.ends_at:
            return _("%(start)s to %(end)s") % words
        return _("%(start)s to %(end)s of the next day") % words
