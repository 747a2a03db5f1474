"""When an answer is owed, and how long an item may be put off: rules of the reminders."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kfq_crm.base.admin.rules import RuleAdmin
from leads.admin.rule_preview import PreviewedRuleAdmin
from leads.models import ResponseLimit, SnoozeRule


def working_days(days: int) -> str:
    return ngettext("%(days)d working day", "%(days)d working days", days) % {"days": days}


@admin.register(ResponseLimit)
class ResponseLimitAdmin(PreviewedRuleAdmin):
    same = ("item", "band")
    figures = ("working_days",)
    list_display = ("item", "scale", "limit", "since", "state", "basis")
    phone_columns = ("scale", "limit", "since", "state")
    ordering = ("item", "band", "-valid_from")

    @admin.display(description=gettext_lazy("scale band"), ordering="band")
    def scale(self, rule: ResponseLimit) -> str:
        return rule.get_band_display() if rule.band else _("every scale")

    @admin.display(description=gettext_lazy("answer within"), ordering="working_days")
    def limit(self, rule: ResponseLimit) -> str:
        return working_days(rule.working_days)


@admin.register(SnoozeRule)
class SnoozeRuleAdmin(RuleAdmin):
    figures = ("working_days",)
    list_display = ("limit", "since", "state", "basis")

    @admin.display(description=gettext_lazy("put off by at most"), ordering="working_days")
    def limit(self, rule: SnoozeRule) -> str:
        return working_days(rule.working_days)
