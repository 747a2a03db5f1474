"""The rules on look-backs and on the pace of promises: rows with the day from which they hold."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kfq_crm.base.admin.rules import RuleAdmin
from leads.models import LookBackRule, PaceRule
from leads.models.lookback import look_back_name


@admin.register(LookBackRule)
class LookBackRuleAdmin(RuleAdmin):
    same = ("after", "number")
    figures = ("months",)
    list_display = ("which", "delay", "since", "state", "basis")
    ordering = ("after", "number", "-valid_from")

    @admin.display(description=gettext_lazy("Which look-back"), ordering="number")
    def which(self, rule: LookBackRule) -> str:
        return look_back_name(rule.after, rule.number)

    @admin.display(description=gettext_lazy("months after the milestone"), ordering="months")
    def delay(self, rule: LookBackRule) -> str:
        if rule.months is None:
            return _("not any more (look-back)")
        months: Any = ngettext("%(months)d month", "%(months)d months", rule.months)
        return str(months % {"months": rule.months})


@admin.register(PaceRule)
class PaceRuleAdmin(RuleAdmin):
    figures = ("behind_points", "far_behind_points", "stale_months")
    list_display = ("since", *figures, "state", "basis")
    phone_columns = (*figures, "state")
