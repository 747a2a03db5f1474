"""Yearly targets and results of zone, chain and team; attainment is computed in overview."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from chains.models.taxonomy import Chain
from chains.models.teams import TaskTeam
from chains.visibility import chain_scope, sees_all, team_scope
from kfq_crm.base.expressions import or_zero
from kfq_crm.base.models import Versioned
from kfq_crm.base.scoping import OpenQuerySet, ScopedQuerySet

if TYPE_CHECKING:
    from kfq_crm.base.models import User


class Metric(Versioned):
    """What a target counts: signings, starts, output …"""

    code = models.SlugField(_("short code"), max_length=60, unique=True)
    name = models.CharField(pgettext_lazy("metric", "name"), max_length=100)
    unit = models.CharField(_("unit of measure"), max_length=20, blank=True)
    definition = models.TextField(_("what counts"), blank=True)

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("metric")
        verbose_name_plural = _("metrics")
        ordering = ("code",)

    def __str__(self) -> str:
        return self.name


class Scope(models.TextChoices):
    ZONE = "zone", _("whole zone")
    CHAIN = "chain", _("one chain")
    TEAM = "team", _("one team")


class Comparator(models.TextChoices):
    EXACT = "exact", _("exactly")
    AT_LEAST = "at_least", _("at least")
    ABOUT = "about", _("about")


class AnnualTargetQuerySet(ScopedQuerySet["AnnualTarget"]):
    def visible_to(self, user: User) -> Self:
        if not user.is_active:
            return self.none()
        if sees_all(user):
            return self
        return self.filter(Q(scope=Scope.ZONE) | chain_scope(user) | team_scope(user))


class AnnualTarget(Versioned):
    """A figure to reach in a year: an amount or a growth in per cent."""

    year = models.PositiveSmallIntegerField(_("target year"))
    scope = models.CharField(
        _("scope of the target"), max_length=5, choices=Scope.choices, default=Scope.ZONE
    )
    chain = models.ForeignKey(
        Chain,
        verbose_name=_("industry chain"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="targets",
    )
    team = models.ForeignKey(
        TaskTeam,
        verbose_name=_("task team"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="targets",
    )
    metric = models.ForeignKey(
        Metric, verbose_name=_("metric"), on_delete=models.PROTECT, related_name="targets"
    )
    comparator = models.CharField(
        _("how it is meant"), max_length=8, choices=Comparator.choices, default=Comparator.EXACT
    )
    value = models.DecimalField(
        _("figure to reach"), max_digits=18, decimal_places=4, null=True, blank=True
    )
    growth_percent = models.DecimalField(
        _("growth to reach (%)"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    excludes_jiangyin_park = models.BooleanField(_("without the Jiangyin park"), default=False)
    source = models.CharField(_("source"), max_length=60, blank=True)

    objects = AnnualTargetQuerySet.as_manager()

    class Meta:
        verbose_name = _("annual target")
        verbose_name_plural = _("annual targets")
        ordering = ("-year", "scope", "metric")
        constraints = (
            models.UniqueConstraint(
                "year",
                "metric",
                "scope",
                or_zero("chain"),
                or_zero("team"),
                "excludes_jiangyin_park",
                name="annual_target_once",
                violation_error_message=_("This target is on record already."),
            ),
            models.CheckConstraint(
                condition=Q(scope=Scope.ZONE, chain=None, team=None)
                | Q(scope=Scope.CHAIN, chain__isnull=False, team=None)
                | Q(scope=Scope.TEAM, chain=None, team__isnull=False),
                name="annual_target_scope_named",
                violation_error_message=_(
                    "A chain's target names its chain, a team's its team, the zone's neither."
                ),
            ),
            models.CheckConstraint(
                condition=Q(value__isnull=False) | Q(growth_percent__isnull=False),
                name="annual_target_says_something",
                violation_error_message=_("Give a figure or a growth to reach."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.year} {self.metric}"


class AnnualResult(Versioned):
    """A figure that the zone reported for a year that has ended."""

    year = models.PositiveSmallIntegerField(_("year of the result"))
    metric = models.ForeignKey(
        Metric, verbose_name=_("metric"), on_delete=models.PROTECT, related_name="results"
    )
    value = models.DecimalField(
        _("figure reached"), max_digits=18, decimal_places=4, null=True, blank=True
    )
    growth_percent = models.DecimalField(
        _("growth (%)"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    note = models.CharField(_("words of the report"), max_length=200, blank=True)
    source = models.CharField(_("source"), max_length=60, blank=True)

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("annual result")
        verbose_name_plural = _("annual results")
        ordering = ("-year", "metric")
        constraints = (
            models.UniqueConstraint(
                fields=("year", "metric"),
                name="annual_result_once",
                violation_error_message=_("This result is on record already."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.year} {self.metric}"
