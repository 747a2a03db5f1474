"""How long changes are kept for programs that read them: a rule, with the day it begins."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy

from kfq_crm.base.admin.rules import RuleAdmin
from kfq_crm.base.models import FeedRule


@admin.register(FeedRule)
class FeedRuleAdmin(RuleAdmin):
    figures = ("days",)
    list_display = ("days", "since", "state", "basis")
    phone_columns = ("since", "state", "basis")
    empty_hint = gettext_lazy("No rule: every change is kept for ever.")
