"""When each sweep ran last and what it did."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kfq_crm.base.scoping import PermittedQuerySet


class SweepRun(models.Model):
    """The last run of one sweep; `finished_at` before `started_at`: it runs, or was killed."""

    name = models.CharField(_("sweep"), max_length=60, unique=True)
    started_at = models.DateTimeField(_("started at"))
    finished_at = models.DateTimeField(_("finished at"), null=True)
    succeeded_at = models.DateTimeField(_("last went well at"), null=True)
    counts = models.JSONField(_("what it did"), default=dict)
    error = models.CharField(_("last error"), max_length=500, blank=True)

    objects = PermittedQuerySet.as_manager()

    class Meta:
        verbose_name = _("run of a sweep")
        verbose_name_plural = _("runs of sweeps")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
