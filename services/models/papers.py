"""Papers of a step: those to hand in, those promised for later, and the approval itself."""

from __future__ import annotations

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kfq_crm.base.models import Versioned
from services.models.plans import ApprovalStep
from services.models.records import ThroughStepQuerySet
from services.models.states import Consequence


def stored_name(instance: StepFile, filename: str) -> str:
    """A name that tells nothing and cannot be guessed; the person's own is a column."""
    return f"approvals/{uuid.uuid4().hex}"


class StepFile(models.Model):
    """A file of a step, seen with its plan. Served only through the view that asks."""

    step = models.ForeignKey(
        ApprovalStep,
        verbose_name=_("approval step"),
        on_delete=models.PROTECT,
        related_name="files",
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

    objects = ThroughStepQuerySet.as_manager()

    class Meta:
        verbose_name = _("file of an approval")
        verbose_name_plural = _("files of approvals")
        ordering = ("-uploaded_at", "-pk")

    def __str__(self) -> str:
        return self.name


class StepPaper(models.Model):
    """A paper that a step asks for: handed in, or not yet."""

    step = models.ForeignKey(
        ApprovalStep,
        verbose_name=_("approval step"),
        on_delete=models.PROTECT,
        related_name="papers",
    )
    name = models.CharField(_("name of the paper"), max_length=120)
    is_main = models.BooleanField(_("main paper"), default=False)
    order = models.PositiveSmallIntegerField(_("place in the list"), default=0)
    handed_in_on = models.DateField(_("handed in on"), null=True, blank=True)
    handed_in_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("handing in recorded by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    file = models.ForeignKey(
        StepFile,
        verbose_name=_("file of the paper"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    objects = ThroughStepQuerySet.as_manager()

    class Meta:
        verbose_name = _("paper of an approval")
        verbose_name_plural = _("papers of approvals")
        ordering = ("step", "order", "pk")
        constraints = (
            models.UniqueConstraint(fields=("step", "name"), name="step_paper_once"),
            models.CheckConstraint(
                condition=Q(handed_in_on=None, handed_in_by=None)
                | Q(handed_in_on__isnull=False, handed_in_by__isnull=False),
                name="step_paper_handed_in_by_somebody",
            ),
        )

    def __str__(self) -> str:
        return self.name


class MissingItemQuerySet(ThroughStepQuerySet["MissingItem"]):
    def open(self) -> Self:
        """Promises of an application that is not refused whose paper has not come."""
        return self.filter(handed_in_on=None, dropped_on=None)


class MissingItem(models.Model):
    """A paper that is promised in writing for later (容缺): by when, and what follows if not.

    It belongs to one application and ends with its refusal: `dropped_on`.
    """

    paper = models.ForeignKey(
        StepPaper,
        verbose_name=_("paper of an approval"),
        on_delete=models.PROTECT,
        related_name="promises",
    )
    step = models.ForeignKey(
        ApprovalStep,
        verbose_name=_("approval step"),
        on_delete=models.PROTECT,
        related_name="missing_items",
    )
    promise = models.ForeignKey(
        StepFile,
        verbose_name=_("promise in writing"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    due_on = models.DateField(_("promised for"))
    consequence = models.CharField(
        _("what follows if it does not come"),
        max_length=8,
        choices=Consequence.choices,
        default=Consequence.STOP,
    )
    note = models.CharField(_("words of the promise"), max_length=300, blank=True)
    promised_on = models.DateField(_("promised on"))
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("promise accepted by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    lapsed_on = models.DateField(_("found missing on"), null=True, editable=False)
    handed_in_on = models.DateField(_("handed in on"), null=True, editable=False)
    dropped_on = models.DateField(_("dropped on"), null=True, editable=False)

    objects = MissingItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("missing item")
        verbose_name_plural = _("missing items")
        ordering = ("due_on", "pk")
        indexes = (
            models.Index(
                fields=("due_on", "id"),
                name="missing_item_due",
                condition=Q(handed_in_on=None, lapsed_on=None),
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("paper",),
                condition=Q(handed_in_on=None, dropped_on=None),
                name="missing_item_open_once",
            ),
            models.CheckConstraint(
                condition=Q(handed_in_on=None) | Q(dropped_on=None),
                name="missing_item_comes_or_is_dropped",
            ),
            models.CheckConstraint(
                condition=Q(due_on__gte=F("promised_on")), name="missing_item_due_after_promise"
            ),
            models.CheckConstraint(
                condition=Q(lapsed_on=None) | Q(lapsed_on__gt=F("due_on")),
                name="missing_item_lapses_after_due",
            ),
        )

    def __str__(self) -> str:
        return self.paper.name


class PaperTask(Versioned):
    """The paper of an approval granted by default is issued within one working day."""

    step = models.OneToOneField(
        ApprovalStep,
        verbose_name=_("approval step"),
        on_delete=models.PROTECT,
        related_name="paper_task",
    )
    due_on = models.DateField(_("to be issued by"))
    issued_on = models.DateField(_("issued on"), null=True, editable=False)
    number = models.CharField(_("number of the approval"), max_length=80, blank=True)
    file = models.ForeignKey(
        StepFile,
        verbose_name=_("file of the paper"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("issuing recorded by"),
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
    )
    dropped_on = models.DateField(
        _("dropped on"),
        null=True,
        editable=False,
        help_text=_("The approval was set aside or its plan given up before its paper was issued"),
    )

    objects = ThroughStepQuerySet.as_manager()

    class Meta:
        verbose_name = _("paper to issue")
        verbose_name_plural = _("papers to issue")
        ordering = ("due_on", "pk")
        indexes = (
            models.Index(
                fields=("due_on", "id"),
                name="paper_task_open",
                condition=Q(issued_on=None, dropped_on=None),
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(issued_on=None) | (~Q(number="") & Q(issued_by__isnull=False)),
                name="paper_task_issued_has_number",
            ),
        )

    def __str__(self) -> str:
        return str(self.step)
