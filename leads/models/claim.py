"""Who may court a company (首报首谈): claims, requests for a ruling, rulings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from chains.models import TaskTeam
from chains.visibility import team_scope
from kfq_crm.base.models import Versioned
from kfq_crm.base.names import KEY_MAX
from kfq_crm.base.scoping import ScopedQuerySet
from leads.models.enterprise import Enterprise, hides_no_lead

if TYPE_CHECKING:
    from kfq_crm.base.models import User

RULE = "leads.rule_on_claims"


class ClaimState(models.TextChoices):
    ACTIVE = "active", _("in force")
    LAPSED = "lapsed", _("lapsed")
    RELEASED = "released", _("given up")
    OVERRULED = "overruled", _("ruled away")


class ClaimQuerySet(ScopedQuerySet["Claim"]):
    def visible_to(self, user: User) -> Self:
        """One's team's claims, or all for whoever rules on them.

        A claim names the company, so one behind a confidential lead is seen with that lead
        only, or once a ruling on it is asked for.
        """
        if not user.is_active:
            return self.none()
        if not user.has_perm(RULE):
            return self.filter(team_scope(user), hides_no_lead(user))
        asked = Exists(RulingRequest.objects.filter(claim=OuterRef("pk")))
        return self.filter(hides_no_lead(user) | asked)

    def active(self) -> Self:
        return self.filter(state=ClaimState.ACTIVE)


class Claim(Versioned):
    """A team's hold on a company, since its first talk, until it lapses without progress."""

    enterprise = models.ForeignKey(
        Enterprise, verbose_name=_("enterprise"), on_delete=models.PROTECT, related_name="claims"
    )
    team = models.ForeignKey(
        TaskTeam, verbose_name=_("task team"), on_delete=models.PROTECT, related_name="claims"
    )
    claimed_on = models.DateField(_("claimed on"))
    lapses_on = models.DateField(_("lapses on"))
    state = models.CharField(
        _("state of the claim"),
        max_length=10,
        choices=ClaimState.choices,
        default=ClaimState.ACTIVE,
        editable=False,
    )
    ended_on = models.DateField(_("ended on"), null=True, editable=False)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("enterprise",),
                condition=Q(state=ClaimState.ACTIVE),
                name="claim_active_once",
            ),
            models.CheckConstraint(
                condition=Q(state=ClaimState.ACTIVE, ended_on=None)
                | (~Q(state=ClaimState.ACTIVE) & Q(ended_on__isnull=False)),
                name="claim_ended_is_dated",
            ),
        )
        indexes = (
            models.Index(
                fields=("lapses_on",), name="claim_lapsing", condition=Q(state=ClaimState.ACTIVE)
            ),
            models.Index(fields=("team", "state", "-id"), name="claim_team"),
        )

    def __str__(self) -> str:
        return f"{self.enterprise} · {self.team}"


class KeyKind(models.TextChoices):
    """What tells that two companies are one, strongest first."""

    USCC = "uscc", _("same social credit code")
    PARENT = "parent", _("same parent group")
    NAME = "name", _("same name")
    PHONE = "phone", _("same telephone")


class ClaimKeyQuerySet(ScopedQuerySet["ClaimKey"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(claim__in=Claim.objects.visible_to(user).values("pk"))


class ClaimKey(models.Model):
    """What a claim in force holds. Unique: two teams cannot hold the same key, whatever races.

    Rows live as long as the claim is in force; the claim itself is the record.
    """

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="keys")
    kind = models.CharField(_("what matched"), max_length=6, choices=KeyKind.choices)
    value = models.CharField(max_length=KEY_MAX)

    objects = ClaimKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("claim key")
        verbose_name_plural = _("claim keys")
        constraints = (
            models.UniqueConstraint(fields=("kind", "value"), name="claim_key_held_once"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.value}"


class RulingRequestQuerySet(ScopedQuerySet["RulingRequest"]):
    def visible_to(self, user: User) -> Self:
        """The asking team and whoever rules; the holder is not told who asks."""
        if not user.is_active:
            return self.none()
        return self if user.has_perm(RULE) else self.filter(team_scope(user, "asking_team"))

    def waiting(self) -> Self:
        return self.filter(ruling=None)


class RulingRequest(Versioned):
    """A second team asks the coordination office who may court a company."""

    claim = models.ForeignKey(
        Claim,
        verbose_name=_("claim"),
        on_delete=models.PROTECT,
        related_name="requests",
        editable=False,
    )
    asking_team = models.ForeignKey(
        TaskTeam,
        verbose_name=_("asking team"),
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("asked by"),
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
    )
    company_name = models.CharField(_("company as typed"), max_length=120, editable=False)
    grounds = models.TextField(_("grounds of the request"))

    objects = RulingRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request for a ruling")
        verbose_name_plural = _("requests for a ruling")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.company_name} · {self.asking_team}"


class RulingQuerySet(ScopedQuerySet["Ruling"]):
    def visible_to(self, user: User) -> Self:
        """Whoever rules, the team that asked, the team that held and the one that holds now."""
        if not user.is_active:
            return self.none()
        if user.has_perm(RULE):
            return self
        held = Q(request__claim__in=Claim.objects.visible_to(user).values("pk"))
        return self.filter(team_scope(user, "request__asking_team") | held)


class Ruling(models.Model):
    """The coordination office's decision. Final: the database refuses to change it."""

    request = models.OneToOneField(
        RulingRequest,
        verbose_name=_("request for a ruling"),
        on_delete=models.PROTECT,
        related_name="ruling",
    )
    holder = models.ForeignKey(
        TaskTeam,
        verbose_name=_("team that may court the company"),
        on_delete=models.PROTECT,
        related_name="rulings_won",
    )
    reasons = models.TextField(_("reasons of the ruling"))
    ruled_at = models.DateTimeField(_("ruled at"))
    ruled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("ruled by"),
        on_delete=models.PROTECT,
        related_name="+",
    )

    objects = RulingQuerySet.as_manager()

    class Meta:
        verbose_name = _("ruling")
        verbose_name_plural = _("rulings")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.request.company_name} → {self.holder}"
