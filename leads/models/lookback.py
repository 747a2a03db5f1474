"""Looking back at promises (履约回头看): measured values, verdicts, look-backs, rectification.

Nothing here is overwritten: a wrong measurement is withdrawn, a new verdict is a new row beside
the earlier ones, and what a contract's row says of itself repeats the newest of them.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from kfq_crm.base.history_records import history_records
from kfq_crm.base.models import Versioned
from kfq_crm.base.rule_models import Rule
from kfq_crm.base.scoping import M
from leads.models.contract import (
    Commitment,
    Contract,
    Fulfilment,
    ThroughContractQuerySet,
)
from leads.models.files import Attachment
from leads.models.landing import MilestoneKind
from leads.models.lead import ThroughLeadQuerySet

LOOKED_BACK_AT = [
    (kind.value, kind.label) for kind in (MilestoneKind.COMPLETED, MilestoneKind.PRODUCING)
]


class LookBackRule(Rule):
    """How many months after a milestone the first, second … look-back of a contract is due."""

    after = models.CharField(_("after which milestone"), max_length=12, choices=LOOKED_BACK_AT)
    number = models.PositiveSmallIntegerField(
        _("which look-back"), help_text=_("1 for the first after this milestone, 2 for the second")
    )
    months = models.PositiveSmallIntegerField(
        _("months after the milestone"),
        null=True,
        blank=True,
        help_text=_("Empty: from that day on there is no such look-back any more"),
    )

    class Meta:
        verbose_name = _("rule on look-backs")
        verbose_name_plural = _("rules on look-backs")
        ordering = ("after", "number", "-valid_from")
        constraints = (
            models.UniqueConstraint(
                fields=("after", "number", "valid_from"), name="look_back_rule_once"
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1, number__lte=20), name="look_back_rule_numbered"
            ),
            models.CheckConstraint(
                condition=Q(months=None) | Q(months__gte=1, months__lte=240),
                name="look_back_rule_sane",
            ),
        )

    def __str__(self) -> str:
        name = look_back_name(self.after, self.number)
        if self.months is None:
            return f"{name} · {gettext('not any more (look-back)')}"
        months = ngettext("%(months)d month", "%(months)d months", self.months)
        return f"{name} · {months % {'months': self.months}}"


class PaceRule(Rule):
    """When a promise that is measured counts as behind, in percentage points of the promise."""

    behind_points = models.PositiveSmallIntegerField(_("points behind: amber"))
    far_behind_points = models.PositiveSmallIntegerField(_("more points behind: red"))
    stale_months = models.PositiveSmallIntegerField(
        _("months without a measurement"), help_text=_("After so many months the promise is amber")
    )

    class Meta:
        verbose_name = _("rule on the pace of promises")
        verbose_name_plural = _("rules on the pace of promises")
        ordering = ("-valid_from",)
        constraints = (
            models.UniqueConstraint(fields=("valid_from",), name="pace_rule_once"),
            models.CheckConstraint(
                condition=Q(behind_points__gte=1, far_behind_points__lte=100)
                & Q(far_behind_points__gte=models.F("behind_points"), stale_months__gte=1),
                name="pace_rule_ascends",
            ),
        )

    def __str__(self) -> str:
        return gettext("%(amber)d / %(red)d points, %(months)d months") % {
            "amber": self.behind_points,
            "red": self.far_behind_points,
            "months": self.stale_months,
        }


def look_back_name(after: str, number: int) -> str:
    """As people call it: 竣工后第1次回头看."""
    return gettext("look-back %(number)d after “%(milestone)s”") % {
        "number": number,
        "milestone": MilestoneKind(after).label,
    }


class LookBack(Versioned):
    """One visit after a milestone at which every promise that is due is gone through.

    Made once by the sweep (contract, milestone and number are unique); `months` and
    `milestone_on` say what its day was reckoned from, whatever the rule says today.
    """

    contract = models.ForeignKey(
        Contract, verbose_name=_("contract"), on_delete=models.PROTECT, related_name="look_backs"
    )
    after = models.CharField(_("after which milestone"), max_length=12, choices=LOOKED_BACK_AT)
    number = models.PositiveSmallIntegerField(_("which look-back"))
    months = models.PositiveSmallIntegerField(_("months after the milestone"))
    milestone_on = models.DateField(_("day of the milestone"))
    due_on = models.DateField(_("look-back due on"))
    due_revision = models.PositiveIntegerField(_("revision of the due day"), default=0)
    moved_reason = models.CharField(_("why it was moved"), max_length=200, blank=True)
    held_on = models.DateField(_("held on (look-back)"), null=True, blank=True)
    held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("put on record by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    attendees = models.CharField(_("who took part"), max_length=200, blank=True)
    conclusion = models.TextField(_("conclusion of the look-back"), blank=True)
    concluded_at = models.DateTimeField(_("put on record at"), null=True, blank=True)

    objects = ThroughContractQuerySet.as_manager()
    history = history_records()

    class Meta:
        verbose_name = _("look-back")
        verbose_name_plural = _("look-backs")
        ordering = ("due_on", "pk")
        constraints = (
            models.UniqueConstraint(fields=("contract", "after", "number"), name="look_back_once"),
            models.CheckConstraint(
                condition=Q(held_on=None, held_by=None, concluded_at=None)
                | (
                    Q(held_on__isnull=False, held_by__isnull=False, concluded_at__isnull=False)
                    & ~Q(conclusion="")
                ),
                name="look_back_held_has_conclusion",
            ),
        )
        indexes = (
            models.Index(fields=("due_on", "id"), name="look_back_open", condition=Q(held_on=None)),
            models.Index(fields=("due_on", "id"), name="look_back_due"),
        )

    def __str__(self) -> str:
        return look_back_name(self.after, self.number)

    @property
    def is_held(self) -> bool:
        return self.held_on is not None


class ThroughCommitmentQuerySet(ThroughLeadQuerySet[M]):
    lead_path = "commitment__contract__lead"


class CommitmentMeasure(models.Model):
    """A value on a day, reckoned from the promise's beginning. Withdrawn, never changed."""

    commitment = models.ForeignKey(
        Commitment, verbose_name=_("commitment"), on_delete=models.PROTECT, related_name="measures"
    )
    measured_on = models.DateField(_("measured on"))
    value = models.DecimalField(_("value so far"), max_digits=16, decimal_places=4)
    evidence = models.CharField(_("evidence of the value"), max_length=200)
    files = models.ManyToManyField(
        Attachment, verbose_name=_("files of evidence"), related_name="+", blank=True
    )
    recorded_at = models.DateTimeField(_("recorded at"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("recorded by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("withdrawn by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    withdrawn_reason = models.CharField(_("why it was withdrawn"), max_length=200, blank=True)

    objects = ThroughCommitmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("measured value")
        verbose_name_plural = _("measured values")
        ordering = ("measured_on", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("commitment", "measured_on"),
                condition=Q(withdrawn_at=None),
                name="measure_once_a_day",
            ),
            models.CheckConstraint(condition=Q(value__gte=0), name="measure_not_below_0"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | (
                    Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False)
                    & ~Q(withdrawn_reason="")
                ),
                name="measure_withdrawn_has_reason",
            ),
        )

    def __str__(self) -> str:
        return f"{self.measured_on:%Y-%m-%d}: {self.value.normalize():f}"


class CommitmentVerdict(models.Model):
    """What was found of a promise, by whom and when. Never edited: a later one is a new row.

    `promised` and `promised_for` say what it was held against: a promise may be amended later.
    """

    commitment = models.ForeignKey(
        Commitment, verbose_name=_("commitment"), on_delete=models.PROTECT, related_name="verdicts"
    )
    number = models.PositiveIntegerField(_("which verdict"))
    verdict = models.CharField(
        _("verdict on the promise"), max_length=10, choices=Fulfilment.choices
    )
    actual = models.DecimalField(
        _("amount delivered"), max_digits=16, decimal_places=4, null=True, blank=True
    )
    promised = models.DecimalField(
        _("amount promised at the time"), max_digits=16, decimal_places=4, null=True, blank=True
    )
    promised_for = models.DateField(_("promised for at the time"), null=True, blank=True)
    judged_on = models.DateField(_("judged on (promise)"))
    evidence = models.CharField(_("evidence of the verdict"), max_length=200, blank=True)
    reason = models.CharField(_("reason of the verdict"), max_length=300, blank=True)
    look_back = models.ForeignKey(
        LookBack,
        verbose_name=_("look-back"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="verdicts",
    )
    files = models.ManyToManyField(
        Attachment, verbose_name=_("files of evidence"), related_name="+", blank=True
    )
    recorded_at = models.DateTimeField(_("recorded at"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("recorded by"),
        on_delete=models.PROTECT,
        related_name="+",
    )

    objects = ThroughCommitmentQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("promise", "verdict")
        verbose_name_plural = pgettext_lazy("promise", "verdicts")
        ordering = ("commitment", "number")
        constraints = (
            models.UniqueConstraint(fields=("commitment", "number"), name="verdict_numbered_once"),
            models.CheckConstraint(
                condition=Q(verdict=Fulfilment.MET) | ~Q(reason=""), name="verdict_has_reason"
            ),
            models.CheckConstraint(
                condition=~Q(verdict__in=(Fulfilment.MET, Fulfilment.PARTLY)) | ~Q(evidence=""),
                name="verdict_has_evidence",
            ),
            models.CheckConstraint(
                condition=Q(actual=None) | Q(actual__gte=0), name="verdict_not_below_0"
            ),
        )

    def __str__(self) -> str:
        return self.get_verdict_display()


class RectificationState(models.TextChoices):
    OPEN = "open", pgettext_lazy("rectification", "open")
    DONE = "done", pgettext_lazy("rectification", "done")
    CANCELLED = "cancelled", pgettext_lazy("rectification", "cancelled")


class Rectification(Versioned):
    """What somebody puts right by a day, because a promise was missed or is about to be (整改)."""

    commitment = models.ForeignKey(
        Commitment,
        verbose_name=_("commitment"),
        on_delete=models.PROTECT,
        related_name="rectifications",
    )
    verdict = models.ForeignKey(
        CommitmentVerdict,
        verbose_name=_("verdict that it follows from"),
        on_delete=models.PROTECT,
        null=True,
        related_name="rectifications",
    )
    task = models.CharField(_("what is to be put right"), max_length=300)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who puts it right"),
        on_delete=models.PROTECT,
        related_name="rectifications",
    )
    due_on = models.DateField(_("to be put right by"))
    due_revision = models.PositiveIntegerField(_("revision of the due day"), default=0)
    change_reason = models.CharField(_("why it was changed"), max_length=200, blank=True)
    opened_on = models.DateField(_("ordered on"))
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("ordered by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    state = models.CharField(
        _("state of the rectification"),
        max_length=10,
        choices=RectificationState.choices,
        default=RectificationState.OPEN,
    )
    closed_on = models.DateField(_("closed on (rectification)"), null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("closed by (rectification)"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    result = models.CharField(_("result of the rectification"), max_length=300, blank=True)
    evidence = models.CharField(_("evidence of the result"), max_length=200, blank=True)
    files = models.ManyToManyField(
        Attachment, verbose_name=_("files of evidence"), related_name="+", blank=True
    )

    objects = ThroughCommitmentQuerySet.as_manager()
    history = history_records()

    class Meta:
        verbose_name = _("rectification task")
        verbose_name_plural = _("rectification tasks")
        ordering = ("due_on", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(state=RectificationState.OPEN, closed_on=None, closed_by=None)
                | (
                    ~Q(state=RectificationState.OPEN)
                    & Q(closed_on__isnull=False, closed_by__isnull=False)
                    & ~Q(result="")
                ),
                name="rectification_closed_has_result",
            ),
            models.CheckConstraint(
                condition=~Q(state=RectificationState.DONE) | ~Q(evidence=""),
                name="rectification_done_has_evidence",
            ),
        )
        indexes = (
            models.Index(
                fields=("owner", "due_on", "id"),
                name="rectification_of",
                condition=Q(state="open"),
            ),
            models.Index(
                fields=("due_on", "id"), name="rectification_open", condition=Q(state="open")
            ),
            models.Index(fields=("due_on", "id"), name="rectification_due"),
        )

    def __str__(self) -> str:
        return self.task

    @property
    def is_open(self) -> bool:
        return self.state == RectificationState.OPEN
