"""Rules that the coordination office may change: rows with the day from which they hold."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from kfq_crm.base.amounts import format_amount
from kfq_crm.base.rule_models import Rule
from leads.stages import Stage


class Band(models.TextChoices):
    A = "A", _("A (large)")
    B = "B", _("B (medium)")
    C = "C", _("C (small)")


class CadenceRule(Rule):
    """Working days within which the next step of a lead is due."""

    stage = models.CharField(_("stage"), max_length=12, choices=Stage.choices)
    band = models.CharField(
        _("scale band"),
        max_length=1,
        choices=Band.choices,
        blank=True,
        help_text=_("Empty: holds for every scale without a rule of its own"),
    )
    working_days = models.PositiveSmallIntegerField(_("working days"))

    class Meta:
        verbose_name = _("follow-up cadence")
        verbose_name_plural = _("follow-up cadences")
        ordering = ("stage", "band", "-valid_from")
        constraints = (
            models.UniqueConstraint(
                fields=("stage", "band", "valid_from"), name="cadence_rule_once"
            ),
            models.CheckConstraint(condition=Q(working_days__gte=1), name="cadence_rule_positive"),
        )

    def __str__(self) -> str:
        scope = " · ".join(filter(None, (self.get_stage_display(), self.get_band_display())))
        days = ngettext("%(days)d working day", "%(days)d working days", self.working_days)
        return f"{scope} · {days % {'days': self.working_days}}"


class ClaimRule(Rule):
    """Days without progress after which a claim lapses."""

    days_without_progress = models.PositiveSmallIntegerField(_("days without progress"))

    class Meta:
        verbose_name = _("claim rule")
        verbose_name_plural = _("claim rules")
        ordering = ("-valid_from",)
        constraints = (
            models.UniqueConstraint(fields=("valid_from",), name="claim_rule_once"),
            models.CheckConstraint(
                condition=Q(days_without_progress__gte=1), name="claim_rule_positive"
            ),
        )

    def __str__(self) -> str:
        days = self.days_without_progress
        return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}


class ScaleThreshold(Rule):
    """Smallest amount of a scale band in one currency; amounts are never converted."""

    band = models.CharField(_("scale band"), max_length=1, choices=Band.choices)
    currency = models.CharField(
        _("currency"), max_length=3, choices=[("CNY", _("yuan")), ("USD", _("US dollars"))]
    )
    minimum = models.DecimalField(_("from (ten thousand)"), max_digits=16, decimal_places=4)

    class Meta:
        verbose_name = _("scale threshold")
        verbose_name_plural = _("scale thresholds")
        ordering = ("band", "currency", "-valid_from")
        constraints = (
            models.UniqueConstraint(
                fields=("band", "currency", "valid_from"), name="scale_threshold_once"
            ),
            models.CheckConstraint(condition=Q(minimum__gte=0), name="scale_threshold_not_below_0"),
        )

    def __str__(self) -> str:
        return f"{self.get_band_display()} · {format_amount(self.minimum, self.currency)}"


class StallRule(Rule):
    """Calendar months without progress after which a lead is warned of, then given up."""

    yellow_months = models.PositiveSmallIntegerField(_("months to the yellow card"))
    red_months = models.PositiveSmallIntegerField(_("months to the red card"))
    off_list_months = models.PositiveSmallIntegerField(_("months to leaving the list"))

    class Meta:
        verbose_name = _("rule on leads without progress")
        verbose_name_plural = _("rules on leads without progress")
        ordering = ("-valid_from",)
        constraints = (
            models.UniqueConstraint(fields=("valid_from",), name="stall_rule_once"),
            models.CheckConstraint(
                condition=Q(yellow_months__gte=1)
                & Q(red_months__gt=F("yellow_months"))
                & Q(off_list_months__gt=F("red_months")),
                name="stall_rule_ascends",
            ),
        )

    def __str__(self) -> str:
        months = (self.yellow_months, self.red_months, self.off_list_months)
        return gettext("%(months)s months") % {"months": " / ".join(map(str, months))}


class DisclosureRule(Rule):
    """How many confidential leads a figure must hold before somebody is told of it who may not
    read them. One alone is never told of, whatever is entered."""

    fewest = models.PositiveSmallIntegerField(_("fewest confidential leads in a figure"))

    class Meta:
        verbose_name = _("rule on figures of confidential leads")
        verbose_name_plural = _("rules on figures of confidential leads")
        ordering = ("-valid_from",)
        constraints = (
            models.UniqueConstraint(fields=("valid_from",), name="disclosure_rule_once"),
            models.CheckConstraint(condition=Q(fewest__gte=2), name="disclosure_rule_hides_one"),
        )

    def __str__(self) -> str:
        return str(self.fewest)
