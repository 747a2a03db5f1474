"""A lead: a company's investment that a team courts, from the first call to the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chains.models import Chain, Outpost, Segment, TaskTeam
from chains.visibility import chain_scope, own_teams, sees_all, team_scope
from kfq_crm.base.history_records import history_records
from kfq_crm.base.models import Versioned
from kfq_crm.base.scoping import M, ScopedQuerySet
from kfq_crm.base.search import Searchable
from leads.models.enterprise import Enterprise
from leads.models.rules import Band
from leads.stages import Exit, LossReason, Stage

if TYPE_CHECKING:
    from kfq_crm.base.models import User

READ_CONFIDENTIAL = "leads.read_confidential_leads"


class Currency(models.TextChoices):
    CNY = "CNY", _("yuan")
    USD = "USD", _("US dollars")


class Source(models.TextChoices):
    OUTPOST = "outpost", _("outpost (source)")
    REFERRAL = "referral", _("referred by a person or unit")
    VISIT = "visit", _("visit or tour")
    EVENT = "event", _("fair or forum")
    FUND = "fund", _("fund or investor")
    LOCAL_FIRM = "local_firm", _("local firm or its supply chain")
    AGENCY = "agency", _("agency or chamber of commerce")
    ENQUIRY = "enquiry", _("own enquiry of the company")


class WaitingFor(models.TextChoices):
    TEAM = "team", _("our team")
    INVESTOR = "investor", _("the investor")
    DEPARTMENT = "department", _("a department")
    LEADER = "leader", _("the chain leader")
    COORDINATION = "coordination", _("the coordination office")


class LeadQuerySet(ScopedQuerySet["Lead"]):
    def visible_to(self, user: User) -> Self:
        """Leads of one's teams (primary, secondary or first-talk chain), or all by permission.

        A confidential lead is for its owner, the head of its team and its readers only; to
        see all is not enough.
        """
        if not user.is_active:
            return self.none()
        scope = self._scope(user)
        if user.has_perm(READ_CONFIDENTIAL):
            return self.filter(scope)
        readers = Lead.readers.through.objects.filter(user=user).values("lead")
        close = Q(owner=user) | Q(chain__in=own_teams(user).filter(head=user).values("chain"))
        return self.filter((scope & (Q(confidential=False) | close)) | Q(pk__in=readers))

    def _scope(self, user: User) -> Q:
        if sees_all(user):
            return Q()
        shared = Lead.secondary_chains.through.objects.filter(
            chain__in=own_teams(user).values("chain")
        )
        return (
            chain_scope(user)
            | Q(pk__in=shared.values("lead"))
            | team_scope(user, "first_talk_team")
        )

    def open(self) -> Self:
        return self.filter(exit="")


class Lead(Searchable, Versioned):
    """The aggregate of the pipeline. `stage`, `exit` and the clocks change by actions alone."""

    title = models.CharField(_("project title"), max_length=120)
    enterprise = models.ForeignKey(
        Enterprise, verbose_name=_("enterprise"), on_delete=models.PROTECT, related_name="leads"
    )
    chain = models.ForeignKey(
        Chain, verbose_name=_("primary chain"), on_delete=models.PROTECT, related_name="leads"
    )
    secondary_chains = models.ManyToManyField(
        Chain, verbose_name=_("secondary chains"), blank=True, related_name="secondary_leads"
    )
    segment = models.ForeignKey(
        Segment,
        verbose_name=_("segment"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="leads",
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person in charge"),
        on_delete=models.PROTECT,
        related_name="leads",
    )
    claim = models.ForeignKey(
        "leads.Claim",
        verbose_name=_("claim"),
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="leads",
    )
    first_talk_team = models.ForeignKey(
        TaskTeam,
        verbose_name=_("team that talked first"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="first_talks",
    )
    landing_park = models.CharField(_("park where it lands"), max_length=60, blank=True)

    source = models.CharField(_("source of the lead"), max_length=12, choices=Source.choices)
    source_detail = models.CharField(_("particulars of the source"), max_length=120, blank=True)
    referrer = models.CharField(_("referred by"), max_length=60, blank=True)
    outpost = models.ForeignKey(
        Outpost,
        verbose_name=_("outpost"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="leads",
    )
    summary = models.TextField(_("what is planned"), blank=True)

    investment = models.DecimalField(
        _("total investment"), max_digits=16, decimal_places=4, null=True, blank=True
    )
    fixed_investment = models.DecimalField(
        _("fixed investment"), max_digits=16, decimal_places=4, null=True, blank=True
    )
    currency = models.CharField(
        _("currency"), max_length=3, choices=Currency.choices, default=Currency.CNY
    )
    amount_is_estimate = models.BooleanField(_("amount is an estimate"), default=False)
    band = models.CharField(
        _("scale band"), max_length=1, choices=Band.choices, blank=True, editable=False
    )
    land_mu = models.DecimalField(
        _("land needed (mu)"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    plant_m2 = models.DecimalField(
        _("plant needed (m²)"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    energy_tce = models.DecimalField(
        _("energy needed (tonnes of standard coal a year)"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    emissions = models.CharField(_("emissions expected"), max_length=200, blank=True)
    talent_need = models.CharField(_("talent needed"), max_length=200, blank=True)
    fund = models.CharField(_("fund or capital that comes along"), max_length=200, blank=True)

    confidential = models.BooleanField(_("confidential"), default=False)
    code_name = models.CharField(_("code name"), max_length=40, blank=True)
    readers = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("readers of the confidential lead"),
        blank=True,
        related_name="+",
    )

    stage = models.CharField(
        _("stage"), max_length=12, choices=Stage.choices, default=Stage.LEAD, editable=False
    )
    stage_entered_at = models.DateTimeField(
        _("in this stage since"), default=timezone.now, editable=False
    )
    exit = models.CharField(
        _("way out"), max_length=12, choices=Exit.choices, blank=True, editable=False
    )
    exit_reason = models.CharField(
        _("reason of the exit"),
        max_length=30,
        choices=LossReason.choices,
        blank=True,
        editable=False,
    )
    exit_detail = models.CharField(
        _("particulars of the exit"), max_length=200, blank=True, editable=False
    )
    exited_on = models.DateField(_("out since"), null=True, editable=False)
    wake_on = models.DateField(_("wake on"), null=True, editable=False)

    waiting_for = models.CharField(
        _("waiting for whom"), max_length=12, choices=WaitingFor.choices, default=WaitingFor.TEAM
    )
    waiting_detail = models.CharField(_("name of whom it waits for"), max_length=60, blank=True)
    waiting_since = models.DateField(_("waiting since"), default=timezone.localdate, editable=False)
    next_action = models.CharField(_("next step"), max_length=200, blank=True)
    next_action_on = models.DateField(_("next step due"), null=True, blank=True)
    due_revision = models.PositiveIntegerField(default=0, editable=False)
    reminder_round = models.PositiveIntegerField(default=0, editable=False)
    referrer_replied_on = models.DateField(
        _("answered whoever referred it on"), null=True, editable=False
    )
    last_contact_on = models.DateField(_("last contact"), null=True, editable=False)
    last_progress_on = models.DateField(_("last progress"), null=True, editable=False)
    duplicates_checked_at = models.DateTimeField(
        _("duplicate check run at"), null=True, editable=False
    )
    logged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("logged by"),
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
    )

    company_is_new = False  # not stored: whether its company is put on record together with it

    objects = LeadQuerySet.as_manager()
    history = history_records(excluded_fields=["search_text", "search_grams"])

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        ordering = ("-pk",)
        permissions = (
            ("read_confidential_leads", _("May read every confidential lead")),
            ("reassign_leads", _("May reassign leads of every team")),
            ("rule_on_claims", _("May rule on claims")),
            ("export_leads", _("May export lists of leads")),
        )
        indexes = (
            models.Index(fields=("chain", "-id"), name="lead_chain"),
            models.Index(fields=("chain", "stage", "-id"), name="lead_chain_stage"),
            models.Index(fields=("owner", "stage", "-id"), name="lead_owner_stage"),
            models.Index(fields=("owner", "next_action_on"), name="lead_owner_due"),
            models.Index(
                fields=("chain", "next_action_on"), name="lead_chain_due", condition=Q(exit="")
            ),
            models.Index(
                fields=("next_action_on", "id"), name="lead_due_open", condition=Q(exit="")
            ),
            models.Index(
                fields=("chain", "last_progress_on"), name="lead_stuck_open", condition=Q(exit="")
            ),
            models.Index(fields=("chain", "-created_at"), name="lead_chain_new"),
            # What the reminder sweep asks for every five minutes
            models.Index(
                fields=("stage_entered_at",),
                name="lead_answer_owed",
                condition=Q(exit="", stage="lead"),
            ),
            models.Index(
                fields=("stage", "last_contact_on"), name="lead_silent_open", condition=Q(exit="")
            ),
            models.Index(fields=("wake_on",), name="lead_wakes", condition=Q(exit="shelved")),
            # What a week touched: the digest reads the records of these leads alone
            models.Index(fields=("chain", "updated_at"), name="lead_chain_touched"),
            models.Index(
                fields=("chain",), name="lead_chain_secret", condition=Q(confidential=True)
            ),
            # Orderings and ranges that programs ask for, of all chains
            models.Index(fields=("created_at", "id"), name="lead_logged"),
            models.Index(fields=("updated_at", "id"), name="lead_changed"),
            models.Index(fields=("next_action_on", "id"), name="lead_next"),
            models.Index(fields=("currency", "investment"), name="lead_amount"),
            models.Index(
                fields=("waiting_for", "chain", "waiting_since"),
                name="lead_waits_on_office",
                condition=Q(exit="", waiting_for__in=("leader", "coordination")),
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(confidential=False) | ~Q(code_name=""), name="lead_code_name_given"
            ),
            models.CheckConstraint(
                condition=Q(investment=None) | Q(investment__gt=0), name="lead_investment_positive"
            ),
            models.CheckConstraint(
                condition=Q(fixed_investment=None)
                | Q(fixed_investment__gt=0, investment=None)
                | Q(fixed_investment__gt=0, fixed_investment__lte=F("investment")),
                name="lead_fixed_within_total",
            ),
            models.CheckConstraint(
                condition=~Q(exit=Exit.LOST) | ~Q(exit_reason=""), name="lead_loss_has_reason"
            ),
            models.CheckConstraint(
                condition=~Q(exit=Exit.SHELVED) | Q(wake_on__isnull=False),
                name="lead_shelved_wakes",
            ),
            models.CheckConstraint(
                condition=Q(exit="") | Q(exited_on__isnull=False), name="lead_exit_dated"
            ),
        )

    def __str__(self) -> str:
        return self.code_name if self.confidential else self.title

    @property
    def number(self) -> str:
        """The lead's number as people say it."""
        return f"XS{self.pk:06d}"

    @property
    def is_open(self) -> bool:
        return self.exit == ""


class ThroughLeadQuerySet(ScopedQuerySet[M]):
    """Rows that are seen exactly when their lead is."""

    lead_path = "lead"

    def visible_to(self, user: User) -> Self:
        return self.filter(**{f"{self.lead_path}__in": Lead.objects.visible_to(user).values("pk")})


class StageChangeKind(models.TextChoices):
    LOGGED = "logged", _("logged")
    ADVANCED = "advanced", _("moved on")
    RETURNED = "returned", _("returned")
    EXITED = "exited", _("left the pipeline")
    REOPENED = "reopened", _("reopened")


class StageChange(models.Model):
    """One move of a lead: who, when, from, to, on what evidence, and the time in the stage left."""

    lead = models.ForeignKey(
        Lead, verbose_name=_("lead"), on_delete=models.PROTECT, related_name="stage_changes"
    )
    kind = models.CharField(_("kind of move"), max_length=10, choices=StageChangeKind.choices)
    from_stage = models.CharField(_("from stage"), max_length=12, choices=Stage.choices, blank=True)
    to_stage = models.CharField(_("to stage"), max_length=12, choices=Stage.choices)
    exit = models.CharField(_("way out"), max_length=12, choices=Exit.choices, blank=True)
    reason = models.CharField(_("reason given"), max_length=300, blank=True)
    evidence = models.JSONField(_("evidence"), default=list)
    moved_at = models.DateTimeField(_("moved at"))
    moved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("moved by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    time_in_stage = models.DurationField(_("time in the stage left"), null=True)

    objects = ThroughLeadQuerySet.as_manager()

    class Meta:
        verbose_name = _("stage change")
        verbose_name_plural = _("stage changes")
        ordering = ("-moved_at", "-pk")
        indexes = (
            models.Index(fields=("lead", "-moved_at"), name="stage_change_lead"),
            models.Index(fields=("-moved_at", "-id"), name="stage_change_moved"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.get_to_stage_display()}"
