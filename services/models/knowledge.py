"""Answers worth keeping: found again when the next enterprise asks the same."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kfq_crm.base.history_records import history_records
from kfq_crm.base.models import Versioned
from kfq_crm.base.scoping import PermittedQuerySet
from kfq_crm.base.search import Searchable
from services.models.questions import Question, QuestionCategory


class KnowledgeEntry(Searchable, Versioned):
    """A question in general words with its answer: no names of enterprises or persons."""

    title = models.CharField(pgettext_lazy("knowledge", "question"), max_length=120)
    answer = models.TextField(pgettext_lazy("knowledge", "answer"), max_length=4000)
    basis = models.CharField(
        pgettext_lazy("knowledge", "rests on"),
        max_length=200,
        blank=True,
        help_text=_("Policy or document, with its number"),
    )
    category = models.ForeignKey(
        QuestionCategory,
        verbose_name=_("category of questions"),
        on_delete=models.PROTECT,
        related_name="knowledge",
    )
    question = models.OneToOneField(
        Question,
        verbose_name=_("made from the question"),
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="knowledge",
    )
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("written by"),
        on_delete=models.PROTECT,
        editable=False,
        related_name="+",
    )
    checked_on = models.DateField(_("last checked on"), editable=False)
    retired_on = models.DateField(_("no longer valid since"), null=True, editable=False)

    objects = PermittedQuerySet.as_manager()
    history = history_records(excluded_fields=["search_text", "search_grams"])

    class Meta:
        verbose_name = _("knowledge entry")
        verbose_name_plural = _("knowledge entries")
        ordering = ("-pk",)
        indexes = (
            models.Index(
                fields=("category", "-id"), name="knowledge_valid", condition=Q(retired_on=None)
            ),
        )

    def __str__(self) -> str:
        return self.title
