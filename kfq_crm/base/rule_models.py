"""What every rule row says of itself: the day from which it holds, and what it rests on."""

from __future__ import annotations

from datetime import date
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from kfq_crm.base.scoping import M, OpenQuerySet


class RuleQuerySet(OpenQuerySet[M]):
    """Rule rows, of which the newest one already valid holds."""

    def valid_on(self, day: date) -> Self:
        return self.filter(valid_from__lte=day).order_by("-valid_from", "-pk")


class Rule(models.Model):
    """What every rule row says of itself."""

    valid_from = models.DateField(_("valid from"))
    published = models.CharField(
        _("published rule"), max_length=100, blank=True, help_text=_("Number of the document")
    )
    inferred = models.BooleanField(
        _("our inference"), default=False, help_text=_("No published document gives this figure")
    )

    objects = RuleQuerySet.as_manager()

    class Meta:
        abstract = True
