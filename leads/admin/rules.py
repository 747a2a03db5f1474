"""The rules of the pipeline, as rows with the day from which they hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kfq_crm.base.admin.rules import COMMON, DatedRuleForm, RuleAdmin
from kfq_crm.base.amounts import format_amount
from kfq_crm.base.forms import AmountField
from leads.admin.rule_preview import PreviewedRuleAdmin
from leads.models import (
    CadenceRule,
    ClaimRule,
    DigestRule,
    DisclosureRule,
    ScaleThreshold,
    StallRule,
)


@admin.register(CadenceRule)
class CadenceRuleAdmin(PreviewedRuleAdmin):
    same = ("stage", "band")
    figures = ("working_days",)
    list_display = ("stage", "scale", "limit", "since", "state", "basis")
    phone_columns = ("scale", "limit", "since", "state")
    ordering = ("stage", "band", "-valid_from")

    @admin.display(description=gettext_lazy("scale band"), ordering="band")
    def scale(self, rule: CadenceRule) -> str:
        return rule.get_band_display() if rule.band else _("every scale")

    @admin.display(description=gettext_lazy("next step within"), ordering="working_days")
    def limit(self, rule: CadenceRule) -> str:
        days = rule.working_days
        return ngettext("%(days)d working day", "%(days)d working days", days) % {"days": days}


@admin.register(ClaimRule)
class ClaimRuleAdmin(RuleAdmin):
    figures = ("days_without_progress",)
    list_display = ("limit", "since", "state", "basis")

    @admin.display(
        description=gettext_lazy("days without progress"), ordering="days_without_progress"
    )
    def limit(self, rule: ClaimRule) -> str:
        days = rule.days_without_progress
        return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}


@admin.register(StallRule)
class StallRuleAdmin(PreviewedRuleAdmin):
    figures = ("yellow_months", "red_months", "off_list_months")
    list_display = ("since", *figures, "state", "basis")


@admin.register(DisclosureRule)
class DisclosureRuleAdmin(RuleAdmin):
    figures = ("fewest",)
    list_display = ("limit", "since", "state", "basis")

    @admin.display(
        description=gettext_lazy("fewest confidential leads in a figure"), ordering="fewest"
    )
    def limit(self, rule: DisclosureRule) -> str:
        return ngettext("%(leads)d lead", "%(leads)d leads", rule.fewest) % {"leads": rule.fewest}


@admin.register(DigestRule)
class DigestRuleAdmin(RuleAdmin):
    figures = ("weekday", "time", "decisions", "link_days")
    list_display = ("moment", "decisions", "links", "since", "state", "basis")
    phone_columns = ("decisions", "links", "since", "state")

    @admin.display(description=gettext_lazy("the digest goes out"), ordering="weekday")
    def moment(self, rule: DigestRule) -> str:
        return f"{rule.get_weekday_display()} {rule.time:%H:%M}"

    @admin.display(description=gettext_lazy("answer links are valid"), ordering="link_days")
    def links(self, rule: DigestRule) -> str:
        return ngettext("%(days)d day", "%(days)d days", rule.link_days) % {"days": rule.link_days}


class ThresholdForm(DatedRuleForm):
    """The amount is typed with its unit; the currency follows from it."""

    smallest = AmountField(
        label=gettext_lazy("Smallest amount of the band"),
        help_text=gettext_lazy("With its unit, for example 500 million yuan"),
    )


@admin.register(ScaleThreshold)
class ScaleThresholdAdmin(RuleAdmin):
    form = ThresholdForm
    same = ("band", "currency")
    list_display = ("band", "smallest", "since", "state", "basis")
    phone_columns = ("smallest", "since", "state")
    ordering = ("band", "currency", "-valid_from")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return ("band", "smallest", *COMMON)

    def values_from(self, form: Any) -> dict[str, Any]:
        values = super().values_from(form)
        typed = values.pop("smallest")
        return {**values, "minimum": typed.value, "currency": typed.currency}

    @admin.display(description=gettext_lazy("Smallest amount of the band"), ordering="minimum")
    def smallest(self, rule: ScaleThreshold) -> str:
        text = format_amount(rule.minimum, rule.currency)
        return format_html('<span class="o-number">{}</span>', text)
