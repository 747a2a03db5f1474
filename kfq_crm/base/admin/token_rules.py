"""How fast new tokens may ask and how long they live: a rule with the day from which it holds."""

from __future__ import annotations

from django.contrib import admin
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy

from kfq_crm.base import tokens
from kfq_crm.base.admin.rules import RuleAdmin
from kfq_crm.base.models import ApiRule


@admin.register(ApiRule)
class ApiRuleAdmin(RuleAdmin):
    figures = ("requests_per_minute", "longest_days")
    list_display = ("requests_per_minute", "longest_days", "since", "state", "basis")
    phone_columns = ("longest_days", "since", "state", "basis")
    empty_hint = format_lazy(
        gettext_lazy("No rule: new tokens may ask {rate} times a minute and live {days} days."),
        rate=tokens.REQUESTS_PER_MINUTE,
        days=tokens.LONGEST_DAYS,
    )
