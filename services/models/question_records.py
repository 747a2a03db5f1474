"""What happened to a question: hand-overs, extensions, feedback with its rating, events, files."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kfq_crm.base.scoping import M, ScopedQuerySet
from services.models.departments import Department
from services.models.questions import Question

if TYPE_CHECKING:
    from kfq_crm.base.models import User


class ThroughQuestionQuerySet(ScopedQuerySet[M]):
    """Seen with the question."""

    def visible_to(self, user: User) -> Self:
        return self.filter(question__in=Question.objects.visible_to(user).values("pk"))


class Handover(models.Model):
    """Who had the question, one row each time. A department goes on seeing what it once had."""

    question = models.ForeignKey(
        Question,
        verbose_name=_("enterprise question"),
        on_delete=models.PROTECT,
        related_name="handovers",
    )
    department = models.ForeignKey(
        Department,
        verbose_name=_("department"),
        on_delete=models.PROTECT,
        related_name="handovers",
    )
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who handles it"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    reason = models.CharField(_("reason of the hand-over"), max_length=200, blank=True)
    at = models.DateTimeField(_("handed over at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("handed over by"),
        on_delete=models.PROTECT,
        related_name="+",
    )

    objects = ThroughQuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("hand-over of a question")
        verbose_name_plural = _("hand-overs of questions")
        ordering = ("pk",)

    def __str__(self) -> str:
        return " · ".join(str(part) for part in (self.department, self.handler) if part)


class Extension(models.Model):
    """More time, asked before the limit; one undecided request at a time."""

    question = models.ForeignKey(
        Question,
        verbose_name=_("enterprise question"),
        on_delete=models.PROTECT,
        related_name="extensions",
    )
    until = models.DateField(_("new limit asked for"))
    before = models.DateField(_("limit until then"))
    reason = models.CharField(_("why more time is needed"), max_length=200)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("asked by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    asked_at = models.DateTimeField(_("asked at"))
    granted = models.BooleanField(_("granted (extension)"), null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("decided by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    decided_at = models.DateTimeField(_("decided at"), null=True)
    decision_reason = models.CharField(_("reason of the decision"), max_length=200, blank=True)

    objects = ThroughQuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("extension of a question")
        verbose_name_plural = _("extensions of questions")
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("question",), condition=Q(decided_at=None), name="extension_one_undecided"
            ),
            models.CheckConstraint(
                condition=Q(granted=None, decided_at=None, decided_by=None)
                | Q(granted__isnull=False, decided_at__isnull=False),
                name="extension_decided_whole",
            ),
            models.CheckConstraint(
                condition=Q(until__gt=models.F("before")), name="extension_is_later"
            ),
        )

    def __str__(self) -> str:
        return self.reason


class Outcome(models.TextChoices):
    SOLVED = "solved", pgettext_lazy("feedback", "solved")
    PARTLY = "partly", pgettext_lazy("feedback", "solved in part")
    EXPLAINED = "explained", pgettext_lazy("feedback", "cannot be solved, explained")


class Feedback(models.Model):
    """What the enterprise was told in the end, once a round, and how it rated that."""

    question = models.ForeignKey(
        Question,
        verbose_name=_("enterprise question"),
        on_delete=models.PROTECT,
        related_name="feedbacks",
    )
    round = models.PositiveSmallIntegerField(_("time of asking"))
    outcome = models.CharField(_("outcome"), max_length=9, choices=Outcome.choices)
    text = models.TextField(_("feedback to the enterprise"), max_length=2000)
    department = models.ForeignKey(
        Department,
        verbose_name=_("responsible department"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("fed back by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    given_at = models.DateTimeField(_("fed back at"))
    limit = models.DateField(_("limit of the solution"))
    in_time = models.BooleanField(_("fed back in time"))
    mail = models.ForeignKey(
        "base.OutgoingMail",
        verbose_name=_("message"),
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
    )
    score = models.PositiveSmallIntegerField(_("rating"), null=True)
    words = models.TextField(_("words with the rating"), max_length=1000, blank=True)
    rated_at = models.DateTimeField(_("rated at"), null=True)
    rated_from = models.CharField(_("network address of the rating"), max_length=45, blank=True)

    objects = ThroughQuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("feedback on a question")
        verbose_name_plural = _("feedback on questions")
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("question", "round"), name="feedback_once_a_round"),
            models.CheckConstraint(
                condition=Q(score=None, rated_at=None)
                | Q(score__gte=1, score__lte=5, rated_at__isnull=False),
                name="feedback_rated_whole",
            ),
        )

    def __str__(self) -> str:
        return self.get_outcome_display()


class QuestionEventKind(models.TextChoices):
    TAKEN_IN = "taken_in", pgettext_lazy("event of a question", "taken in")
    VERIFIED = "verified", pgettext_lazy("event of a question", "verified")
    DECLINED = "declined", pgettext_lazy("event of a question", "not taken up")
    ASSIGNED = "assigned", pgettext_lazy("event of a question", "assigned")
    HANDED_OVER = "handed_over", pgettext_lazy("event of a question", "handed over")
    ANSWERED = "answered", pgettext_lazy("event of a question", "answered")
    ASKED_TIME = "asked_time", pgettext_lazy("event of a question", "more time asked for")
    GRANTED = "granted", pgettext_lazy("event of a question", "more time granted")
    REFUSED = "refused", pgettext_lazy("event of a question", "more time refused")
    FED_BACK = "fed_back", pgettext_lazy("event of a question", "fed back")
    RATED = "rated", pgettext_lazy("event of a question", "rated by the enterprise")
    REOPENED = "reopened", pgettext_lazy("event of a question", "reopened")
    CLOSED = "closed", pgettext_lazy("event of a question", "closed")
    NOTED = "noted", pgettext_lazy("event of a question", "noted")


class QuestionEvent(models.Model):
    """One line of the question's story. Nobody changes or removes one.

    `by` is empty where the enterprise or the sweep did it. `limit` is the day that was due then,
    `was_late` whether the step came after it.
    """

    question = models.ForeignKey(
        Question,
        verbose_name=_("enterprise question"),
        on_delete=models.PROTECT,
        related_name="events",
    )
    kind = models.CharField(_("what happened"), max_length=11, choices=QuestionEventKind.choices)
    at = models.DateTimeField(_("when it happened"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who did it"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    text = models.TextField(_("in words"), blank=True)
    limit = models.DateField(_("limit at that time"), null=True)
    was_late = models.BooleanField(_("after the limit"), default=False)
    score = models.PositiveSmallIntegerField(_("rating"), null=True)

    objects = ThroughQuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("event of a question")
        verbose_name_plural = _("events of questions")
        ordering = ("pk",)
        indexes = (models.Index(fields=("question", "id"), name="question_event"),)

    def __str__(self) -> str:
        return self.get_kind_display()


def stored_name(instance: QuestionFile, filename: str) -> str:
    """A name that tells nothing and cannot be guessed; the person's own is a column."""
    return f"questions/{uuid.uuid4().hex}"


class QuestionFile(models.Model):
    """A photo or a paper of a question; the kind is read from the content."""

    question = models.ForeignKey(
        Question,
        verbose_name=_("enterprise question"),
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
        null=True,
        related_name="+",
    )

    objects = ThroughQuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("file of a question")
        verbose_name_plural = _("files of questions")
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name
