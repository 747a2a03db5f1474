"""Companies and the people in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from chains.models import TaskTeam
from chains.visibility import sees_all, team_scope
from kfq_crm.base.codes import mask_phone
from kfq_crm.base.history_records import history_records
from kfq_crm.base.models import Versioned
from kfq_crm.base.names import KEY_MAX
from kfq_crm.base.scoping import ScopedQuerySet
from kfq_crm.base.search import Searchable

if TYPE_CHECKING:
    from kfq_crm.base.models import User


class EnterpriseQuerySet(ScopedQuerySet["Enterprise"]):
    def visible_to(self, user: User) -> Self:
        """Public companies, those behind a visible lead, and what one's team registered itself.

        A company known only through a hidden lead stays hidden: its name would tell of it. What a
        team registered without a lead it keeps seeing, whoever else logs a lead for it later.
        """
        if not user.is_active:
            return self.none()
        leads = self.model._meta.get_field("leads").related_model.objects
        here = leads.filter(enterprise=OuterRef("pk"))
        behind = Exists(leads.visible_to(user).filter(enterprise=OuterRef("pk")))
        own_lead = Exists(here.filter(chain=OuterRef("registered_by__chain")))
        untouched = (Q(registered_by=None) & ~Exists(here)) | (
            Q(registered_by__isnull=False) & ~own_lead
        )
        own = Q() if sees_all(user) else team_scope(user, "registered_by")
        return self.filter(Q(is_public=True) | behind | (untouched & own))


class Enterprise(Searchable, Versioned):
    """A company. The code is empty until a local company exists; foreign parents never have one."""

    name = models.CharField(pgettext_lazy("company", "name"), max_length=120)
    name_key = models.CharField(max_length=KEY_MAX, editable=False, db_index=True)
    uscc = models.CharField(
        _("unified social credit code"), max_length=18, null=True, blank=True, unique=True
    )
    parent_group = models.CharField(_("parent group"), max_length=120, blank=True)
    parent_key = models.CharField(max_length=KEY_MAX, editable=False, blank=True, db_index=True)
    industry_code = models.CharField(_("industry code (GB/T 4754)"), max_length=5, blank=True)
    region_code = models.CharField(_("region code (GB/T 2260)"), max_length=6, blank=True)
    country = models.CharField(_("country or region of origin"), max_length=40, blank=True)
    address = models.CharField(pgettext_lazy("company", "address"), max_length=200, blank=True)
    note = models.TextField(_("remarks"), blank=True)
    is_public = models.BooleanField(
        _("publicly known local company"),
        default=False,
        help_text=_("Named in a published report; every team may see that it exists"),
    )
    registered_by = models.ForeignKey(
        TaskTeam,
        verbose_name=_("registered by team"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    objects = EnterpriseQuerySet.as_manager()
    history = history_records(excluded_fields=["search_text", "search_grams"])

    class Meta:
        verbose_name = _("enterprise")
        verbose_name_plural = _("enterprises")
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("-id",), name="enterprise_public", condition=Q(is_public=True)),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(uscc=None) | ~Q(uscc=""), name="enterprise_uscc_null_when_empty"
            ),
        )

    def __str__(self) -> str:
        return self.name


def hides_no_lead(user: User) -> Q:
    """Condition on a row of `enterprise` and `team`: it does not tell that this team has leads
    for the company, all of them hidden from the person."""
    leads = Enterprise._meta.get_field("leads").related_model.objects
    same = {"enterprise": OuterRef("enterprise"), "chain": OuterRef("team__chain")}
    return ~Exists(leads.filter(**same)) | Exists(leads.visible_to(user).filter(**same))


class ContactQuerySet(ScopedQuerySet["Contact"]):
    def visible_to(self, user: User) -> Self:
        """People known to one's own team at companies that one may see."""
        companies = Enterprise.objects.visible_to(user)
        own = Q() if sees_all(user) else team_scope(user)
        seen = Exists(companies.filter(pk=OuterRef("enterprise")))
        return self.filter(own, seen, hides_no_lead(user))


class Contact(Versioned):
    """A person at a company, known to one team. Personal data: the phone is masked for
    everybody but the one who owns the relation, and every unmasking is logged."""

    enterprise = models.ForeignKey(
        Enterprise,
        verbose_name=_("enterprise"),
        on_delete=models.PROTECT,
        related_name="contacts",
    )
    team = models.ForeignKey(
        TaskTeam, verbose_name=_("task team"), on_delete=models.PROTECT, related_name="+"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who owns the relation"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    name = models.CharField(pgettext_lazy("person", "name"), max_length=60)
    post = models.CharField(_("post held"), max_length=60, blank=True)
    phone = models.CharField(_("telephone"), max_length=30, blank=True)
    phone_key = models.CharField(max_length=30, editable=False, blank=True, db_index=True)
    email = models.EmailField(_("e-mail"), blank=True)
    note = models.CharField(_("remarks"), max_length=200, blank=True)

    objects = ContactQuerySet.as_manager()
    history = history_records()

    class Meta:
        verbose_name = _("contact person")
        verbose_name_plural = _("contact persons")
        ordering = ("enterprise", "pk")

    def __str__(self) -> str:
        return f"{self.name} {self.post}".strip()

    def phone_for(self, user: User) -> str:
        """The number for the one who owns the relation, masked for everybody else."""
        return self.phone if self.owner_id == user.pk else mask_phone(self.phone)
