"""包联: who looks after an enterprise, and who called on it when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kfq_crm.base.history_records import history_records
from kfq_crm.base.models import User, Versioned
from kfq_crm.base.scoping import ScopedQuerySet
from leads.models import Enterprise, FollowUp, Lead
from services.models.departments import Department, departments_of, sees_all_services
from services.models.question_rules import Tier

if TYPE_CHECKING:
    from django.db.models import QuerySet

BACKEND = "django.contrib.auth.backends.ModelBackend"


def is_secret(enterprise: Enterprise) -> bool:
    """Whether an enterprise is known by a confidential lead: its name tells of that lead."""
    if enterprise.is_public:
        return False
    return Lead.objects.filter(enterprise=enterprise, confidential=True).exists()


class LiaisonQuerySet(ScopedQuerySet["Liaison"]):
    def visible_to(self, user: User) -> Self:
        """The officer's own, those that one appointed, and all but confidential ones for who sees
        all services."""
        if not user.is_active:
            return self.none()
        own = Q(officer=user) | Q(appointed_by=user)
        return (
            self.filter(own | Q(confidential=False))
            if sees_all_services(user)
            else self.filter(own)
        )

    def active(self) -> Self:
        return self.filter(ended_on=None)


class Liaison(Versioned):
    """One officer's care for one enterprise; the one before stays on record."""

    enterprise = models.ForeignKey(
        Enterprise,
        verbose_name=_("enterprise"),
        on_delete=models.PROTECT,
        related_name="liaisons",
    )
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("liaison officer"),
        on_delete=models.PROTECT,
        related_name="liaisons",
    )
    tier = models.CharField(
        _("kind of liaison"), max_length=8, choices=Tier.choices, default=Tier.REGULAR
    )
    since = models.DateField(_("in care since"))
    ended_on = models.DateField(_("in care until"), null=True, editable=False)
    end_reason = models.CharField(_("why the care ended"), max_length=200, blank=True)
    last_visit_on = models.DateField(_("last visit"), null=True, editable=False)
    next_visit_on = models.DateField(_("next visit due"), null=True, editable=False)
    confidential = models.BooleanField(
        _("known by a confidential lead"),
        default=False,
        editable=False,
    )
    appointed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("appointed by"),
        on_delete=models.PROTECT,
        editable=False,
        related_name="+",
    )

    objects = LiaisonQuerySet.as_manager()
    history = history_records()

    class Meta:
        verbose_name = _("liaison of an enterprise")
        verbose_name_plural = _("liaisons of enterprises")
        ordering = ("next_visit_on", "pk")
        permissions = (("appoint_liaison", _("May appoint liaison officers")),)
        constraints = (
            models.UniqueConstraint(
                fields=("enterprise",), condition=Q(ended_on=None), name="liaison_one_officer"
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None) | ~Q(end_reason=""), name="liaison_end_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None) | Q(ended_on__gte=F("since")),
                name="liaison_ends_after_start",
            ),
        )
        indexes = (
            models.Index(
                fields=("next_visit_on", "id"), name="liaison_due", condition=Q(ended_on=None)
            ),
            models.Index(
                fields=("officer", "next_visit_on"),
                name="liaison_officer",
                condition=Q(ended_on=None),
            ),
        )

    def __str__(self) -> str:
        return f"{self.enterprise} · {self.officer}"


def cared_for_by(user: User) -> QuerySet[Any, Any]:
    """Enterprises of the person's own liaison, as keys for a subquery."""
    rows = Liaison.objects.active().filter(officer=user)
    return rows.values("enterprise") if user.is_active else rows.none().values("enterprise")


def looked_after() -> QuerySet[Any, Any]:
    """Enterprises whose officer can act on their questions, as keys for a subquery: the account
    is in use and has a role that works on questions."""
    able = User.objects.with_perm("services.change_question", backend=BACKEND)
    return Liaison.objects.active().filter(officer__in=able.values("pk")).values("enterprise")


class Purpose(models.TextChoices):
    LIAISON = "liaison", pgettext_lazy("visit", "liaison visit")
    RESEARCH = "research", pgettext_lazy("visit", "survey or research")
    INSPECTION = "inspection", pgettext_lazy("visit", "inspection")
    SERVICE = "service", pgettext_lazy("visit", "service on the spot")
    OTHER = "other", pgettext_lazy("visit", "another purpose")


class VisitQuerySet(ScopedQuerySet["Visit"]):
    def visible_to(self, user: User) -> Self:
        """One's own, those to enterprises in one's care, one's department's, and all but
        confidential ones for who sees all services."""
        if not user.is_active:
            return self.none()
        own = (
            Q(visitor=user)
            | Q(enterprise__in=cared_for_by(user))
            | Q(department__in=departments_of(user).values("pk"))
        )
        return (
            self.filter(own | Q(confidential=False))
            if sees_all_services(user)
            else self.filter(own)
        )


class Visit(Versioned):
    """A call on an enterprise. What was said stands in the lead's follow-up where there is a lead
    that the visitor works on; else here. Every visit counts for 无事不扰."""

    enterprise = models.ForeignKey(
        Enterprise, verbose_name=_("enterprise"), on_delete=models.PROTECT, related_name="visits"
    )
    visited_on = models.DateField(_("day of the visit"))
    purpose = models.CharField(_("purpose of the visit"), max_length=10, choices=Purpose.choices)
    visitor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who visited"),
        on_delete=models.PROTECT,
        editable=False,
        related_name="visits",
    )
    department = models.ForeignKey(
        Department,
        verbose_name=_("visiting department"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="visits",
    )
    liaison = models.ForeignKey(
        Liaison,
        verbose_name=_("liaison of an enterprise"),
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="visits",
    )
    follow_up = models.OneToOneField(
        FollowUp,
        verbose_name=_("follow-up"),
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="visit",
    )
    our_people = models.CharField(_("our people"), max_length=200, blank=True)
    their_people = models.CharField(_("their people"), max_length=200, blank=True)
    summary = models.TextField(_("what was seen and said"), max_length=2000, blank=True)
    was_too_many = models.BooleanField(
        _("one visit too many when it was logged"), default=False, editable=False
    )
    confidential = models.BooleanField(
        _("known by a confidential lead"), default=False, editable=False
    )
    sent_as = models.UUIDField(
        _("form that it was sent with"), null=True, unique=True, editable=False
    )

    objects = VisitQuerySet.as_manager()

    class Meta:
        verbose_name = _("visit to an enterprise")
        verbose_name_plural = _("visits to enterprises")
        ordering = ("-visited_on", "-pk")
        indexes = (models.Index(fields=("enterprise", "-visited_on"), name="visit_enterprise"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(follow_up__isnull=False) | ~Q(summary=""), name="visit_says_something"
            ),
        )

    def __str__(self) -> str:
        return f"{self.enterprise} · {self.get_purpose_display()}"


def served_enterprises(user: User) -> QuerySet[Enterprise]:
    """Companies that a person may name in a question, a link or a visit.

    Those that he or she sees anyway, those in the own care, and for who sees all services the
    companies that have signed here: of a lead under negotiation nobody outside learns.
    """
    if not user.is_active:
        return Enterprise.objects.none()
    seen = Q(pk__in=Enterprise.objects.visible_to(user).values("pk"))
    allowed = seen | Q(pk__in=cared_for_by(user))
    if sees_all_services(user):
        here = Lead.objects.filter(enterprise=OuterRef("pk"))
        signed = Exists(here.filter(contracts__counted=True)) | Q(projects__isnull=False)
        settled = Enterprise.objects.filter(signed, ~Exists(here.filter(confidential=True)))
        allowed |= Q(pk__in=settled.values("pk"))
    return Enterprise.objects.filter(allowed)
