"""What a chain's list (一链一清单) holds beside leads and projects."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from chains.models.taxonomy import Chain, Gap, Segment
from chains.visibility import ChainScopedQuerySet
from kfq_crm.base.models import Versioned


class TargetState(models.TextChoices):
    SOUGHT = "sought", _("sought")
    APPROACHED = "approached", _("approached")
    LEAD = "lead", _("became a lead")
    DROPPED = "dropped", _("given up")


class TargetCompany(Versioned):
    """A company that a chain seeks. Becomes a lead by an action, which claims it."""

    chain = models.ForeignKey(
        Chain,
        verbose_name=_("industry chain"),
        on_delete=models.PROTECT,
        related_name="target_companies",
    )
    segment = models.ForeignKey(
        Segment,
        verbose_name=_("segment"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="target_companies",
    )
    gap = models.ForeignKey(
        Gap,
        verbose_name=_("gap it would close"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="target_companies",
    )
    name = models.CharField(pgettext_lazy("company", "name"), max_length=100)
    name_key = models.CharField(max_length=100, editable=False, db_index=True)
    uscc = models.CharField(_("unified social credit code"), max_length=18, blank=True)
    region = models.CharField(_("where it sits"), max_length=60, blank=True)
    reason = models.CharField(_("why it is sought"), max_length=200, blank=True)
    state = models.CharField(
        _("state of the approach"),
        max_length=12,
        choices=TargetState.choices,
        default=TargetState.SOUGHT,
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person in charge"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    objects = ChainScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("target company")
        verbose_name_plural = _("target companies")
        ordering = ("chain", "state", "name")
        constraints = (
            models.UniqueConstraint(fields=("chain", "name_key"), name="target_company_once"),
        )

    def __str__(self) -> str:
        return self.name


class ChainPolicy(Versioned):
    """A policy that a chain's team can offer."""

    chain = models.ForeignKey(
        Chain, verbose_name=_("industry chain"), on_delete=models.PROTECT, related_name="policies"
    )
    title = models.CharField(_("policy title"), max_length=200)
    document_number = models.CharField(_("document number"), max_length=60, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    summary = models.TextField(_("what it offers"), blank=True)

    objects = ChainScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy of the chain")
        verbose_name_plural = _("policies of the chain")
        ordering = ("chain", "title")

    def __str__(self) -> str:
        return self.title


class SiteState(models.TextChoices):
    FREE = "free", _("free")
    RESERVED = "reserved", _("reserved")
    TAKEN = "taken", _("taken")


class Site(Versioned):
    """A plot or a plant that can be offered."""

    chain = models.ForeignKey(
        Chain, verbose_name=_("industry chain"), on_delete=models.PROTECT, related_name="sites"
    )
    label = models.CharField(_("site"), max_length=100)
    place = models.CharField(_("where it lies"), max_length=100, blank=True)
    area_mu = models.DecimalField(
        _("area (mu)"), max_digits=10, decimal_places=2, null=True, blank=True
    )
    plant_m2 = models.DecimalField(
        _("plant area (m²)"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    state = models.CharField(
        _("state of the site"), max_length=10, choices=SiteState.choices, default=SiteState.FREE
    )

    objects = ChainScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("site on offer")
        verbose_name_plural = _("sites on offer")
        ordering = ("chain", "label")

    def __str__(self) -> str:
        return self.label
