"""Screening verdicts, opinions of departments and joint reviews: the evidence of the gates."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kfq_crm.base.models import Versioned
from leads.models.lead import Lead, ThroughLeadQuerySet
from leads.stages import Department, Verdict


class Screening(Versioned):
    """One verdict on a lead; a later one replaces it without deleting it."""

    lead = models.ForeignKey(
        Lead, verbose_name=_("lead"), on_delete=models.PROTECT, related_name="screenings"
    )
    verdict = models.CharField(_("verdict"), max_length=8, choices=Verdict.choices)
    industry = models.CharField(_("industry (screening)"), max_length=200)
    market = models.CharField(_("market (screening)"), max_length=200)
    technology = models.CharField(_("technology (screening)"), max_length=200)
    environment = models.CharField(_("environment (screening)"), max_length=200)
    energy = models.CharField(_("energy use (screening)"), max_length=200)
    benefit = models.CharField(_("benefit (screening)"), max_length=200)
    judged_on = models.DateField(_("judged on"))
    judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("judged by"),
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
    )

    objects = ThroughLeadQuerySet.as_manager()

    class Meta:
        verbose_name = _("screening verdict")
        verbose_name_plural = _("screening verdicts")
        ordering = ("-judged_on", "-pk")

    def __str__(self) -> str:
        return self.get_verdict_display()


class OpinionVerdict(models.TextChoices):
    AGREE = "agree", _("agrees")
    CONDITIONAL = "conditional", _("agrees on conditions")
    OBJECT = "object", _("objects")


class DepartmentOpinion(Versioned):
    """A department's opinion on land, energy, environment or safety."""

    lead = models.ForeignKey(
        Lead, verbose_name=_("lead"), on_delete=models.PROTECT, related_name="opinions"
    )
    department = models.CharField(_("department"), max_length=12, choices=Department.choices)
    verdict = models.CharField(_("opinion given"), max_length=12, choices=OpinionVerdict.choices)
    text = models.CharField(_("wording of the opinion"), max_length=300)
    given_by = models.CharField(_("given by"), max_length=60)
    given_on = models.DateField(_("given on"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("recorded by"),
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
    )

    objects = ThroughLeadQuerySet.as_manager()

    class Meta:
        verbose_name = _("opinion of a department")
        verbose_name_plural = _("opinions of departments")
        ordering = ("department", "-given_on", "-pk")

    def __str__(self) -> str:
        return f"{self.get_department_display()} · {self.get_verdict_display()}"


class JointReview(Versioned):
    """Minutes of a joint review (会商评审)."""

    lead = models.ForeignKey(
        Lead, verbose_name=_("lead"), on_delete=models.PROTECT, related_name="reviews"
    )
    held_on = models.DateField(_("held on"))
    attendees = models.CharField(_("who attended"), max_length=200)
    conclusion = models.TextField(_("minutes and conclusion"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("recorded by"),
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
    )

    objects = ThroughLeadQuerySet.as_manager()

    class Meta:
        verbose_name = _("joint review")
        verbose_name_plural = _("joint reviews")
        ordering = ("-held_on", "-pk")

    def __str__(self) -> str:
        return f"{self.held_on:%Y-%m-%d}"
