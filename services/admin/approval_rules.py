"""The rule on approval by default, with the day from which it holds."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy, ngettext

from kfq_crm.base.admin.rules import RuleAdmin
from services.models import DeemedRule


def _days(number: int) -> str:
    return ngettext("%(days)d working day", "%(days)d working days", number) % {"days": number}


@admin.register(DeemedRule)
class DeemedRuleAdmin(RuleAdmin):
    figures = ("smallest_band", "acceptance_days", "paper_days")
    list_display = ("scale", "to_accept", "for_paper", "since", "state", "basis")
    phone_columns = ("to_accept", "for_paper", "since", "state")

    @admin.display(description=gettext_lazy("smallest scale band"))
    def scale(self, rule: DeemedRule) -> str:
        return str(rule.get_smallest_band_display())

    @admin.display(description=gettext_lazy("to accept or to ask for papers"))
    def to_accept(self, rule: DeemedRule) -> str:
        return _days(rule.acceptance_days)

    @admin.display(description=gettext_lazy("to issue the paper"))
    def for_paper(self, rule: DeemedRule) -> str:
        return _days(rule.paper_days)
