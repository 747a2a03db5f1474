"""Rules about landed projects that the coordination office may change."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from kfq_crm.base.rule_models import Rule


class PromisedInterval(models.TextChoices):
    LAND_ON_SIGNING = "land_on_signing", _("land on signing")
    START_ON_LAND = "start_on_land", _("start on land")
    PRODUCE_ON_COMPLETION = "produce_on_completion", _("production on completion")


class ServicePromise(Rule):
    """Working days that the zone promises between two milestones. The published report names the
    promises and gives no limit."""

    interval = models.CharField(
        _("promised interval"), max_length=24, choices=PromisedInterval.choices
    )
    working_days = models.PositiveSmallIntegerField(_("working days"))

    class Meta:
        verbose_name = _("service promise")
        verbose_name_plural = _("service promises")
        ordering = ("interval", "-valid_from")
        constraints = (
            models.UniqueConstraint(fields=("interval", "valid_from"), name="service_promise_once"),
            models.CheckConstraint(
                condition=Q(working_days__gte=1), name="service_promise_positive"
            ),
        )

    def __str__(self) -> str:
        days = ngettext("%(days)d working day", "%(days)d working days", self.working_days)
        return f"{self.get_interval_display()} · {days % {'days': self.working_days}}"


class LagRule(Rule):
    """Percentage points behind the plan from which construction is yellow, and above which red."""

    yellow_from = models.DecimalField(
        _("points behind from which it is yellow"), max_digits=5, decimal_places=2
    )
    red_over = models.DecimalField(
        _("points behind above which it is red"), max_digits=5, decimal_places=2
    )

    class Meta:
        verbose_name = _("rule on construction behind plan")
        verbose_name_plural = _("rules on construction behind plan")
        ordering = ("-valid_from",)
        constraints = (
            models.UniqueConstraint(fields=("valid_from",), name="lag_rule_once"),
            models.CheckConstraint(
                condition=Q(yellow_from__gt=0)
                & Q(red_over__gte=F("yellow_from"))
                & Q(red_over__lte=100),
                name="lag_rule_ascends",
            ),
        )

    def __str__(self) -> str:
        return gettext("%(yellow)s to %(red)s points") % {
            "yellow": f"{self.yellow_from.normalize():f}",
            "red": f"{self.red_over.normalize():f}",
        }


class ProgressRule(Rule):
    """Day of the next month by which a month's progress report is due."""

    due_day = models.PositiveSmallIntegerField(_("due by this day of the next month"))

    class Meta:
        verbose_name = _("rule on progress reports")
        verbose_name_plural = _("rules on progress reports")
        ordering = ("-valid_from",)
        constraints = (
            models.UniqueConstraint(fields=("valid_from",), name="progress_rule_once"),
            models.CheckConstraint(
                condition=Q(due_day__gte=1, due_day__lte=28), name="progress_rule_day_of_any_month"
            ),
        )

    def __str__(self) -> str:
        return gettext("by day %(day)d of the next month") % {"day": self.due_day}


class CapacityRule(Rule):
    """Months of the period in which contracted output and tax must be met."""

    months = models.PositiveSmallIntegerField(_("months of a whole period"))

    class Meta:
        verbose_name = _("rule on full capacity")
        verbose_name_plural = _("rules on full capacity")
        ordering = ("-valid_from",)
        constraints = (
            models.UniqueConstraint(fields=("valid_from",), name="capacity_rule_once"),
            models.CheckConstraint(
                condition=Q(months__gte=1, months__lte=36), name="capacity_rule_sane"
            ),
        )

    def __str__(self) -> str:
        return ngettext("%(months)d month", "%(months)d months", self.months) % {
            "months": self.months
        }


class WorksTerm(Rule):
    """A kind of works, the words by which a paper names it, and whether it starts a project.

    Of one name the newest row holds. Words stand behind commas of either script.
    """

    name = models.CharField(_("kind of works"), max_length=30)
    counts = models.BooleanField(_("counts as a start of works"), default=False)
    words = models.CharField(_("words that name it"), max_length=200)

    class Meta:
        verbose_name = _("kind of construction works")
        verbose_name_plural = _("kinds of construction works")
        ordering = ("-counts", "pk")
        constraints = (
            models.UniqueConstraint(fields=("name", "valid_from"), name="works_term_once"),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(words=""), name="works_term_has_words"
            ),
        )

    def __str__(self) -> str:
        return self.name
