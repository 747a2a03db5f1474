"""The weekly digest: when it goes out, what each reader was told, what leaders decided."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from chains.models import Chain
from chains.visibility import own_teams
from kfq_crm.base.expressions import or_zero
from kfq_crm.base.history_records import history_records
from kfq_crm.base.models import Versioned
from kfq_crm.base.rule_models import Rule
from kfq_crm.base.scoping import ScopedQuerySet
from leads.models.followup import Blocker
from leads.models.lead import ThroughLeadQuerySet

if TYPE_CHECKING:
    from kfq_crm.base.models import User

SEES_ALL_DIGESTS = "leads.list_digests"
GETS_ZONE_DIGEST = "leads.get_zone_digest"


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class DigestRule(Rule):
    """When the digest of the week before goes out (site time), and what it may ask.

    `link_days`: how long the links to the questions can be answered without signing in.
    """

    weekday = models.PositiveSmallIntegerField(
        _("weekday of the digest"), choices=Weekday.choices, default=Weekday.MONDAY
    )
    time = models.TimeField(_("time of the digest"))
    decisions = models.PositiveSmallIntegerField(_("questions to a leader a week"), default=3)
    link_days = models.PositiveSmallIntegerField(_("days that an answer link is valid"), default=14)

    class Meta:
        verbose_name = _("rule of the weekly digest")
        verbose_name_plural = _("rules of the weekly digest")
        ordering = ("-valid_from",)
        constraints = (
            models.UniqueConstraint(fields=("valid_from",), name="digest_rule_once"),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="digest_rule_weekday_exists"),
            models.CheckConstraint(
                condition=Q(decisions__gte=1, decisions__lte=3), name="digest_rule_asks_at_most_3"
            ),
            models.CheckConstraint(
                condition=Q(link_days__gte=1, link_days__lte=60), name="digest_rule_links_expire"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.time:%H:%M}"


class DigestState(models.TextChoices):
    """A week missed by more than one is kept on record and mailed to nobody."""

    MADE = "made", pgettext_lazy("digest", "made, not queued yet")
    QUEUED = "queued", pgettext_lazy("digest", "in the outbox")
    ON_RECORD = "on_record", pgettext_lazy("digest", "on record only")


class DigestQuerySet(ScopedQuerySet["Digest"]):
    def visible_to(self, user: User) -> Self:
        """One's own, those of the chain that one heads, all by permission. What may be read of
        the content is another question: see `leads.digest.payload.for_viewer`."""
        if not user.is_active:
            return self.none()
        if user.has_perm(SEES_ALL_DIGESTS):
            return self
        headed = own_teams(user).filter(head=user).values("chain")
        return self.filter(Q(reader=user) | Q(chain__in=headed))


class Digest(models.Model):
    """What one reader is told of one week: of a chain, or (without one) of the whole zone.

    `starts_on` is the Monday of the ISO week told of, up to but not including the next Monday.
    `payload` is frozen when the row is made: mail, copies and resent mail are all made from it.
    `ledger` holds the workbook until the mail holds it.
    """

    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("reader of the digest"),
        on_delete=models.PROTECT,
        related_name="digests",
    )
    chain = models.ForeignKey(
        Chain,
        verbose_name=_("industry chain"),
        on_delete=models.PROTECT,
        null=True,
        related_name="digests",
    )
    starts_on = models.DateField(_("week from"))
    made_at = models.DateTimeField(_("made at"))
    state = models.CharField(
        _("state of the digest"),
        max_length=9,
        choices=DigestState.choices,
        default=DigestState.MADE,
    )
    payload = models.JSONField(_("content"), default=dict)
    ledger = models.BinaryField(null=True, editable=False)
    mail = models.ForeignKey(
        "base.OutgoingMail",
        verbose_name=_("message"),
        on_delete=models.SET_NULL,
        null=True,
        related_name="digests",
    )
    copies = models.PositiveSmallIntegerField(_("times resent"), default=0)

    objects = DigestQuerySet.as_manager()

    class Meta:
        verbose_name = _("weekly digest")
        verbose_name_plural = _("weekly digests")
        ordering = ("-starts_on", "chain__order", "pk")
        permissions = (
            ("list_digests", _("May see which digests were sent to whom")),
            ("get_zone_digest", _("Gets the digest of the whole zone")),
        )
        constraints = (
            models.UniqueConstraint(
                "reader", or_zero("chain"), "starts_on", name="digest_once_a_week"
            ),
            models.CheckConstraint(
                condition=Q(state__in=DigestState.values), name="digest_state_known"
            ),
        )
        indexes = (models.Index(fields=("-starts_on", "chain"), name="digest_week"),)

    def __str__(self) -> str:
        about = self.chain.name if self.chain else str(_("whole zone (digest)"))
        return f"{about} {week_code(self.starts_on)}"

    @property
    def code(self) -> str:
        return week_code(self.starts_on)

    @property
    def key(self) -> str:
        """What the keys of all its messages begin with."""
        return f"digest:{self.pk}:"


def week_code(day: date) -> str:
    """2026-W53: the ISO year and week, which around New Year are not the calendar's."""
    return f"{day:%G-W%V}"


class Answer(models.TextChoices):
    AGREE = "agree", pgettext_lazy("decision", "agreed")
    DISAGREE = "disagree", pgettext_lazy("decision", "not agreed")
    INSTRUCT = "instruct", pgettext_lazy("decision", "instruction")


class DecisionQuerySet(ThroughLeadQuerySet["Decision"]):
    lead_path = "blocker__lead"

    def waiting(self) -> Self:
        """Questions that a leader can still answer, the most urgent first."""
        asked = self.filter(
            answer="", withdrawn_at=None, blocker__resolved_on=None, blocker__lead__exit=""
        )
        return asked.order_by("blocker__due_on", "created_at", "pk")


class Decision(Versioned):
    """A question about a blocker that a team head puts to the chain leader, and the answer."""

    blocker = models.ForeignKey(
        Blocker, verbose_name=_("blocker"), on_delete=models.PROTECT, related_name="decisions"
    )
    question = models.CharField(_("question to the leader"), max_length=200)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("put to the leader by"),
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
    )
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, editable=False)
    answer = models.CharField(
        _("answer of the leader"),
        max_length=8,
        choices=Answer.choices,
        blank=True,
        editable=False,
    )
    text = models.CharField(_("words of the leader"), max_length=500, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("answered by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        editable=False,
    )
    answered_at = models.DateTimeField(_("answered at"), null=True, editable=False)
    digest = models.ForeignKey(
        Digest,
        verbose_name=_("answered from the digest"),
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="answered_decisions",
    )

    objects = DecisionQuerySet.as_manager()
    history = history_records()

    class Meta:
        verbose_name = _("decision of a leader")
        verbose_name_plural = _("decisions of leaders")
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("blocker",),
                condition=Q(answer="", withdrawn_at=None),
                name="decision_asked_once",
            ),
            models.CheckConstraint(
                condition=Q(answer="", answered_by=None, answered_at=None)
                | (~Q(answer="") & Q(answered_by__isnull=False, answered_at__isnull=False)),
                name="decision_answer_has_author",
            ),
            models.CheckConstraint(
                condition=~Q(answer=Answer.INSTRUCT) | ~Q(text=""),
                name="decision_instruction_has_words",
            ),
        )

    def __str__(self) -> str:
        return self.question

    @property
    def is_waiting(self) -> bool:
        """Whether nobody answered or withdrew it; its blocker may be cleared all the same."""
        return self.answer == "" and self.withdrawn_at is None
