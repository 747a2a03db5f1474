"""Enterprise questions: asked, verified, answered, fed back, rated; each step on record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kfq_crm.base.history_records import history_records
from kfq_crm.base.models import Versioned
from kfq_crm.base.scoping import OpenQuerySet, ScopedQuerySet
from kfq_crm.base.search import Searchable
from leads.models import Enterprise, Lead
from services.models.departments import Department, departments_of, sees_all_services
from services.models.liaison import Visit, cared_for_by, looked_after
from services.models.links import AskingLink

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from kfq_crm.base.models import User

DIRECT = "services.direct_questions"


class QuestionCategory(models.Model):
    """What a question is about, and which department usually answers it."""

    code = models.SlugField(pgettext_lazy("category", "short code"), max_length=40, unique=True)
    name = models.CharField(pgettext_lazy("category", "name"), max_length=40, unique=True)
    department = models.ForeignKey(
        Department,
        verbose_name=_("department that usually answers"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    order = models.PositiveSmallIntegerField(
        pgettext_lazy("category", "place in the list"), default=0
    )
    is_active = models.BooleanField(pgettext_lazy("category", "may be chosen"), default=True)

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("category of questions")
        verbose_name_plural = _("categories of questions")
        ordering = ("order", "pk")

    def __str__(self) -> str:
        return self.name


class QuestionState(models.TextChoices):
    RECEIVED = "received", pgettext_lazy("question", "to be verified")
    VERIFIED = "verified", pgettext_lazy("question", "to be answered")
    ANSWERED = "answered", pgettext_lazy("question", "to be solved")
    FED_BACK = "fed_back", pgettext_lazy("question", "fed back, to be rated")
    CLOSED = "closed", pgettext_lazy("question", "closed")


OPEN_STATES = (QuestionState.RECEIVED, QuestionState.VERIFIED, QuestionState.ANSWERED)


class Closing(models.TextChoices):
    RATED = "rated", pgettext_lazy("question", "closed: rated")
    UNRATED = "unrated", pgettext_lazy("question", "closed: nobody rated it")
    DECLINED = "declined", pgettext_lazy("question", "closed: not taken up")


class Source(models.TextChoices):
    STAFF = "staff", pgettext_lazy("question", "taken in by staff")
    LIAISON = "liaison", pgettext_lazy("question", "taken in by the liaison officer")
    LINK = "link", pgettext_lazy("question", "asked by the enterprise itself")


class QuestionQuerySet(ScopedQuerySet["Question"]):
    def visible_to(self, user: User) -> Self:
        """Taken in by oneself or by one's link, in one's hands or one's department's (now or
        before), of an enterprise in one's care, about a lead that one sees; all but confidential
        ones for who sees all services. Who assigns work too sees those that nobody else could
        act on: the enterprise has no officer who can."""
        if not user.is_active:
            return self.none()
        seen = Q()  # what costs least first: databases ask the rest of few rows
        if sees_all_services(user):
            seen |= Q(confidential=False) & ~Q(lead__in=_secret_leads())
        if stands_in(user):
            seen |= ~Q(enterprise__in=looked_after())
        if user.has_perm("leads.view_lead"):
            seen |= Q(lead__in=Lead.objects.visible_to(user).values("pk"))
        return self.filter(seen | Q(pk__in=_involved(user)))

    def open(self) -> Self:
        return self.filter(state__in=OPEN_STATES)


def stands_in(user: User) -> bool:
    """Whether the person sees to confidential questions of enterprises without an officer."""
    return sees_all_services(user) and user.has_perm(DIRECT)


def _involved(user: User) -> models.QuerySet[Any, Any]:
    """Keys of questions that the person has to do with, each part found by an index of its own."""
    rows = Question.objects.order_by()
    return (
        rows.filter(taken_in_by=user)
        .values("pk")
        .union(
            rows.filter(link__issued_by=user).values("pk"),
            rows.filter(enterprise__in=cared_for_by(user)).values("pk"),
            rows.filter(handovers__handler=user).values("pk"),
            rows.filter(handovers__department__in=departments_of(user).values("pk")).values("pk"),
        )
    )


def left_to_service() -> QuerySet[Enterprise]:
    """Enterprises with confidential questions that no officer can act on."""
    rows = Question.objects.order_by()
    asking = (
        rows.filter(confidential=True)
        .values("enterprise")
        .union(rows.filter(lead__in=_secret_leads()).values("enterprise"))
    )
    return Enterprise.objects.filter(pk__in=asking).exclude(pk__in=looked_after())


def _secret_leads() -> QuerySet[Any, Any]:
    """Keys of the leads that are confidential now: few, so they are left out as a set."""
    return Lead.objects.filter(confidential=True).values("pk")


class Question(Searchable, Versioned):
    """What an enterprise asks of the zone. `due_on` is the limit of the step that is next, recorded
    when the step begins: a calendar changed afterwards moves nothing by itself."""

    enterprise = models.ForeignKey(
        Enterprise,
        verbose_name=_("enterprise"),
        on_delete=models.PROTECT,
        related_name="questions",
    )
    lead = models.ForeignKey(
        Lead,
        verbose_name=_("lead"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="questions",
    )
    visit = models.ForeignKey(
        Visit,
        verbose_name=_("visit to an enterprise"),
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="questions",
    )
    title = models.CharField(_("question in a line"), max_length=80)
    text = models.TextField(_("what is asked"), max_length=2000)
    category = models.ForeignKey(
        QuestionCategory,
        verbose_name=_("category of questions"),
        on_delete=models.PROTECT,
        related_name="questions",
    )
    place = models.CharField(_("place that it is about"), max_length=100, blank=True)
    contact_name = models.CharField(
        pgettext_lazy("asker", "contact person"), max_length=60, blank=True
    )
    contact_phone = models.CharField(pgettext_lazy("asker", "telephone"), max_length=30, blank=True)
    contact_email = models.EmailField(
        pgettext_lazy("asker", "e-mail"),
        blank=True,
        help_text=_("The feedback and the link for the rating go there"),
    )
    source = models.CharField(
        _("way of intake"), max_length=8, choices=Source.choices, editable=False
    )
    link = models.ForeignKey(
        AskingLink,
        verbose_name=_("link of an enterprise"),
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="questions",
    )
    asked_from = models.CharField(
        _("network address of the asker"), max_length=45, blank=True, editable=False
    )
    sent_as = models.UUIDField(
        _("form that it was sent with"), null=True, unique=True, editable=False
    )
    taken_in_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("taken in by"),
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="questions_taken_in",
    )
    taken_in_at = models.DateTimeField(_("taken in at"), editable=False)
    confidential = models.BooleanField(
        _("confidential question"),
        default=False,
        help_text=_("Only those who have to do with it see it"),
    )
    department = models.ForeignKey(
        Department,
        verbose_name=_("responsible department"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="questions",
    )
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who handles it"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="questions_handled",
    )
    state = models.CharField(
        pgettext_lazy("question", "state"),
        max_length=8,
        choices=QuestionState.choices,
        default=QuestionState.RECEIVED,
        editable=False,
    )
    closing = models.CharField(
        _("how it was closed"), max_length=8, choices=Closing.choices, blank=True, editable=False
    )
    round = models.PositiveSmallIntegerField(_("time of asking"), default=1, editable=False)
    reminder_round = models.PositiveIntegerField(_("round of reminding"), default=0, editable=False)
    started_on = models.DateField(_("limits run from"), editable=False)
    verify_by = models.DateField(_("to be verified by"), editable=False)
    answer_by = models.DateField(_("to be answered by"), editable=False)
    solve_by = models.DateField(_("to be solved by"), editable=False)
    at_most_by = models.DateField(_("to be solved at the latest by"), editable=False)
    due_on = models.DateField(_("next limit"), null=True, editable=False)
    closes_on = models.DateField(_("closed unrated after"), null=True, editable=False)
    verified_at = models.DateTimeField(_("verified at"), null=True, editable=False)
    answered_at = models.DateTimeField(_("answered at"), null=True, editable=False)
    fed_back_at = models.DateTimeField(_("fed back at"), null=True, editable=False)
    closed_at = models.DateTimeField(_("closed at"), null=True, editable=False)
    was_late = models.BooleanField(_("fed back after the limit"), default=False, editable=False)
    score = models.PositiveSmallIntegerField(_("last rating"), null=True, editable=False)

    objects = QuestionQuerySet.as_manager()
    history = history_records(excluded_fields=["search_text", "search_grams"])

    class Meta:
        verbose_name = _("enterprise question")
        verbose_name_plural = _("enterprise questions")
        ordering = ("-pk",)
        permissions = (
            ("direct_questions", _("May verify, assign and hand over every question seen")),
        )
        indexes = (
            models.Index(fields=("state", "-id"), name="question_state"),
            models.Index(
                fields=("due_on", "id"), name="question_due", condition=Q(due_on__isnull=False)
            ),
            models.Index(
                fields=("department", "due_on"),
                name="question_department",
                condition=Q(due_on__isnull=False),
            ),
            models.Index(
                fields=("handler", "due_on"),
                name="question_handler",
                condition=Q(due_on__isnull=False),
            ),
            models.Index(
                fields=("closes_on",), name="question_closes", condition=Q(closes_on__isnull=False)
            ),
            models.Index(
                fields=("enterprise",),
                name="question_confidential",
                condition=Q(confidential=True),
            ),
            models.Index(fields=("link", "taken_in_at"), name="question_of_link"),
            models.Index(fields=("asked_from", "taken_in_at"), name="question_from"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=QuestionState.values), name="question_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=OPEN_STATES, due_on__isnull=False)
                | (~Q(state__in=OPEN_STATES) & Q(due_on=None)),
                name="question_open_has_limit",
            ),
            models.CheckConstraint(
                condition=Q(state=QuestionState.FED_BACK, closes_on__isnull=False)
                | (~Q(state=QuestionState.FED_BACK) & Q(closes_on=None)),
                name="question_fed_back_closes",
            ),
            models.CheckConstraint(
                condition=(Q(state=QuestionState.CLOSED) & ~Q(closing=""))
                | (~Q(state=QuestionState.CLOSED) & Q(closing="")),
                name="question_closed_says_how",
            ),
            models.CheckConstraint(
                condition=Q(score=None) | Q(score__gte=1, score__lte=5), name="question_score_range"
            ),
            models.CheckConstraint(
                condition=Q(state=QuestionState.RECEIVED)
                | Q(closing=Closing.DECLINED)
                | Q(department__isnull=False),
                name="question_verified_has_department",
            ),
            models.CheckConstraint(
                condition=Q(source=Source.LINK, link__isnull=False)
                | (~Q(source=Source.LINK) & Q(taken_in_by__isnull=False)),
                name="question_has_a_source",
            ),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def number(self) -> str:
        """The question's number as people say it."""
        return f"WT{self.pk:06d}"

    @property
    def is_confidential(self) -> bool:
        """By itself, or with its lead, which may have become so since."""
        return self.confidential or bool(self.lead and self.lead.confidential)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES
