"""Task teams (one a chain), their people and their outposts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from chains.models.taxonomy import Chain
from kfq_crm.base.models import Versioned
from kfq_crm.base.scoping import OpenQuerySet, ScopedQuerySet

if TYPE_CHECKING:
    from kfq_crm.base.models import User

SEE_ALL = "chains.see_all_teams"
CHANGE = "chains.change_taskteam"


class TaskTeamQuerySet(ScopedQuerySet["TaskTeam"]):
    def of(self, user: User) -> Self:
        """Teams that this person belongs to or leads as chain leader."""
        return self.of_key(user.pk) if user.is_active else self.none()

    def of_key(self, user: int) -> Self:
        member = Group.objects.filter(user=user).values("pk")
        return self.filter(Q(group__in=member) | Q(leader=user))

    def visible_to(self, user: User) -> Self:
        """Who names teams' people sees the teams; their work is another question."""
        if user.has_perm(SEE_ALL) or user.has_perm(CHANGE):
            return self
        return self.of(user)


class TaskTeam(Versioned):
    """The team of one chain (一链一专班). Its auth Group decides who belongs to it."""

    chain = models.OneToOneField(
        Chain, verbose_name=_("industry chain"), on_delete=models.PROTECT, related_name="team"
    )
    group = models.OneToOneField(
        Group,
        verbose_name=_("permission group"),
        on_delete=models.PROTECT,
        related_name="task_team",
        editable=False,
    )
    name = models.CharField(pgettext_lazy("team", "name"), max_length=40, unique=True)
    leader = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("chain leader"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="led_teams",
    )
    head = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("team head"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="headed_teams",
    )
    lead_unit = models.CharField(_("lead unit"), max_length=100, blank=True)
    lead_unit_person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person of the lead unit"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Told when a step of a lead is overdue by three working days"),
    )

    objects = TaskTeamQuerySet.as_manager()

    class Meta:
        verbose_name = _("task team")
        verbose_name_plural = _("task teams")
        ordering = ("chain__order",)
        permissions = (("see_all_teams", _("May see the work of all task teams")),)

    def __str__(self) -> str:
        return self.name


class Outpost(Versioned):
    """A posting in another city (驻点), source of leads."""

    name = models.CharField(pgettext_lazy("outpost", "name"), max_length=60, unique=True)
    city = models.CharField(_("city of the outpost"), max_length=40)
    teams = models.ManyToManyField(
        TaskTeam, verbose_name=_("task teams"), blank=True, related_name="outposts"
    )
    closed_on = models.DateField(_("closed on"), null=True, blank=True)

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("outpost")
        verbose_name_plural = _("outposts")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(ScopedQuerySet["TeamMembership"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(team__in=TaskTeam.objects.visible_to(user).values("pk"))

    def current(self) -> Self:
        return self.filter(left_on=None)


class TeamMembership(models.Model):
    """Who belongs to a team since when; rows that ended stay as the record of it."""

    team = models.ForeignKey(
        TaskTeam, verbose_name=_("task team"), on_delete=models.PROTECT, related_name="memberships"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("member"),
        on_delete=models.PROTECT,
        related_name="memberships",
    )
    outpost = models.ForeignKey(
        Outpost,
        verbose_name=_("posted at"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="postings",
    )
    joined_on = models.DateField(_("joined on"))
    left_on = models.DateField(_("left on"), null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("team membership")
        verbose_name_plural = _("team memberships")
        ordering = ("joined_on", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("team", "user"), condition=Q(left_on=None), name="membership_open_once"
            ),
            models.CheckConstraint(
                condition=Q(left_on=None) | Q(left_on__gte=models.F("joined_on")),
                name="membership_ends_after_start",
            ),
        )

    def __str__(self) -> str:
        return f"{self.team} · {self.user}"
