"""Files that belong to a lead. Never served by address: only through the view that asks."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from leads.models.construction import ProgressReport
from leads.models.contract import Contract
from leads.models.followup import FollowUp
from leads.models.lead import Lead, ThroughLeadQuerySet
from leads.models.review import JointReview


def stored_name(instance: Attachment, filename: str) -> str:
    """A name that tells nothing and cannot be guessed; the person's own is a column."""
    return f"attachments/{uuid.uuid4().hex}"


class Attachment(models.Model):
    """A photo, minutes, a contract. The kind is read from the content, not from the name."""

    lead = models.ForeignKey(
        Lead, verbose_name=_("lead"), on_delete=models.PROTECT, related_name="attachments"
    )
    follow_up = models.ForeignKey(
        FollowUp,
        verbose_name=_("follow-up"),
        on_delete=models.PROTECT,
        null=True,
        related_name="attachments",
    )
    contract = models.ForeignKey(
        Contract,
        verbose_name=_("contract"),
        on_delete=models.PROTECT,
        null=True,
        related_name="attachments",
    )
    review = models.ForeignKey(
        JointReview,
        verbose_name=_("joint review"),
        on_delete=models.PROTECT,
        null=True,
        related_name="attachments",
    )
    progress_report = models.ForeignKey(
        ProgressReport,
        verbose_name=_("progress report"),
        on_delete=models.PROTECT,
        null=True,
        related_name="attachments",
    )
    file = models.FileField(_("file"), upload_to=stored_name, max_length=100)
    name = models.CharField(_("file name"), max_length=200)
    content_type = models.CharField(_("kind of file"), max_length=100)
    size = models.PositiveIntegerField(_("size in bytes"))
    sha256 = models.CharField(max_length=64, editable=False)
    uploaded_at = models.DateTimeField(_("uploaded at"), auto_now_add=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("uploaded by"),
        on_delete=models.PROTECT,
        related_name="+",
    )

    objects = ThroughLeadQuerySet.as_manager()

    class Meta:
        verbose_name = _("attached file")
        verbose_name_plural = _("attached files")
        ordering = ("-uploaded_at", "-pk")

    def __str__(self) -> str:
        return self.name
