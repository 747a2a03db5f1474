"""Rules about landed projects, as rows with the day from which they hold."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy, ngettext

from kfq_crm.base.admin.rules import RuleAdmin
from leads.admin.reminder_rules import working_days
from leads.models import CapacityRule, LagRule, ProgressRule, ServicePromise, WorksTerm


@admin.register(ServicePromise)
class ServicePromiseAdmin(RuleAdmin):
    same = ("interval",)
    figures = ("working_days",)
    list_display = ("interval", "limit", "since", "state", "basis")
    phone_columns = ("limit", "since", "state")
    ordering = ("interval", "-valid_from")

    @admin.display(description=gettext_lazy("promised within"), ordering="working_days")
    def limit(self, rule: ServicePromise) -> str:
        return working_days(rule.working_days)


@admin.register(LagRule)
class LagRuleAdmin(RuleAdmin):
    figures = ("yellow_from", "red_over")
    list_display = ("since", *figures, "state", "basis")


@admin.register(ProgressRule)
class ProgressRuleAdmin(RuleAdmin):
    figures = ("due_day",)
    list_display = ("since", "due_day", "state", "basis")


@admin.register(CapacityRule)
class CapacityRuleAdmin(RuleAdmin):
    figures = ("months",)
    list_display = ("limit", "since", "state", "basis")

    @admin.display(description=gettext_lazy("months of a whole period"), ordering="months")
    def limit(self, rule: CapacityRule) -> str:
        months = rule.months
        return ngettext("%(months)d month", "%(months)d months", months) % {"months": months}


@admin.register(WorksTerm)
class WorksTermAdmin(RuleAdmin):
    same = ("name",)
    figures = ("counts", "words")
    list_display = ("name", "counts", "words", "since", "state", "basis")
    phone_columns = ("counts", "words", "state")
    ordering = ("-counts", "name", "-valid_from")
