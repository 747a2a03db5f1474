"""An enterprise's own link: it asks through it without an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kfq_crm.base.models import Versioned
from kfq_crm.base.scoping import ScopedQuerySet
from leads.models import Enterprise
from services.models.departments import sees_all_services
from services.models.liaison import cared_for_by

if TYPE_CHECKING:
    from datetime import date

    from kfq_crm.base.models import User


class AskingLinkQuerySet(ScopedQuerySet["AskingLink"]):
    def visible_to(self, user: User) -> Self:
        """Those that one gave out, those of enterprises in one's care, and all but confidential
        ones for who sees all services."""
        if not user.is_active:
            return self.none()
        own = Q(issued_by=user) | Q(enterprise__in=cared_for_by(user))
        return (
            self.filter(own | Q(confidential=False))
            if sees_all_services(user)
            else self.filter(own)
        )


class AskingLink(Versioned):
    """What a signed address stands for. The address itself is not stored: it is signed anew from
    the key. Taken back or expired, it opens a page that says so."""

    enterprise = models.ForeignKey(
        Enterprise,
        verbose_name=_("enterprise"),
        on_delete=models.PROTECT,
        related_name="asking_links",
    )
    contact_name = models.CharField(pgettext_lazy("asker", "contact person"), max_length=60)
    contact_phone = models.CharField(pgettext_lazy("asker", "telephone"), max_length=30, blank=True)
    contact_email = models.EmailField(pgettext_lazy("asker", "e-mail"), blank=True)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("given out by"),
        on_delete=models.PROTECT,
        editable=False,
        related_name="+",
    )
    expires_on = models.DateField(_("valid until"))
    revoked_at = models.DateTimeField(_("taken back at"), null=True, editable=False)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("taken back by"),
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
    )
    confidential = models.BooleanField(
        _("known by a confidential lead"), default=False, editable=False
    )

    objects = AskingLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("link of an enterprise")
        verbose_name_plural = _("links of enterprises")
        ordering = ("-pk",)
        indexes = (models.Index(fields=("enterprise", "-id"), name="asking_link_enterprise"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="asking_link_revoked_by_somebody",
            ),
        )

    def __str__(self) -> str:
        return f"{self.enterprise} · {self.contact_name}"

    def is_valid(self, today: date) -> bool:
        return self.revoked_at is None and today <= self.expires_on
