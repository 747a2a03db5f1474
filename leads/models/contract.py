"""Contracts, what both sides promised in them, and every change of an amount."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kfq_crm.base.history_records import history_records
from kfq_crm.base.models import Versioned
from kfq_crm.base.scoping import M
from leads.models.lead import Currency, Lead, ThroughLeadQuerySet
from leads.pace import Outlook


class ContractKind(models.TextChoices):
    INTENT = "intent", _("letter of intent")
    FRAMEWORK = "framework", _("framework agreement")
    INVESTMENT = "investment", _("investment agreement")


class Exclusion(models.TextChoices):
    """Why an investment agreement does not count as a signing."""

    LOCAL_RELOCATION = "local_relocation", _("relocation within the city")
    SECOND_PHASE = "second_phase", _("second phase inside the first contract")
    LOCAL_MONEY = "local_money", _("local money")


class Contract(Versioned):
    """A signed paper. Only an investment agreement counts, once a lead, at its first event;
    an expansion counts its added amount only."""

    lead = models.ForeignKey(
        Lead, verbose_name=_("lead"), on_delete=models.PROTECT, related_name="contracts"
    )
    number = models.CharField(_("contract number"), max_length=60, unique=True)
    kind = models.CharField(_("kind of contract"), max_length=10, choices=ContractKind.choices)
    signed_on = models.DateField(_("signed on"))
    our_party = models.CharField(_("our party"), max_length=120)
    their_party = models.CharField(_("their party"), max_length=120)
    investment = models.DecimalField(_("total investment"), max_digits=16, decimal_places=4)
    fixed_investment = models.DecimalField(
        _("fixed investment"), max_digits=16, decimal_places=4, null=True, blank=True
    )
    currency = models.CharField(
        _("currency"), max_length=3, choices=Currency.choices, default=Currency.CNY
    )
    land_mu = models.DecimalField(
        _("land (mu)"), max_digits=10, decimal_places=2, null=True, blank=True
    )
    planned_start_on = models.DateField(_("planned start of works"), null=True, blank=True)
    planned_completion_on = models.DateField(_("planned completion"), null=True, blank=True)
    planned_production_on = models.DateField(_("planned production"), null=True, blank=True)
    tax_per_mu = models.DecimalField(
        _("tax per mu (ten thousand yuan)"), max_digits=12, decimal_places=4, null=True, blank=True
    )
    breach_clauses = models.TextField(_("breach clauses"), blank=True)
    legal_review_reference = models.CharField(
        _("reference of the legal review"), max_length=100, blank=True
    )
    fair_competition_reference = models.CharField(
        _("reference of the fair competition review"), max_length=100, blank=True
    )
    expands = models.ForeignKey(
        "self",
        verbose_name=_("contract that it expands"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="expansions",
    )
    added_investment = models.DecimalField(
        _("added investment"),
        max_digits=16,
        decimal_places=4,
        null=True,
        blank=True,
        help_text=_("For an expansion: the part that counts"),
    )
    exclusion = models.CharField(
        _("why it does not count"), max_length=20, choices=Exclusion.choices, blank=True
    )
    separate_reason = models.CharField(
        _("why it is a separate project"),
        max_length=200,
        blank=True,
        help_text=_("Only where an earlier signing of the same company was counted"),
    )
    counted = models.BooleanField(_("counts as a signing"), default=False, editable=False)

    objects = ThroughLeadQuerySet.as_manager()
    history = history_records()

    class Meta:
        verbose_name = _("contract")
        verbose_name_plural = _("contracts")
        ordering = ("-signed_on", "-pk")
        indexes = (
            models.Index(fields=("counted", "-signed_on"), name="contract_counted"),
            models.Index(fields=("-signed_on", "-id"), name="contract_signed"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("lead",),
                condition=Q(counted=True, expands=None),
                name="contract_counts_once",
            ),
            models.CheckConstraint(
                condition=Q(counted=False) | Q(kind=ContractKind.INVESTMENT, exclusion=""),
                name="contract_only_investment_counts",
            ),
            models.CheckConstraint(
                condition=Q(investment__gt=0), name="contract_investment_positive"
            ),
            models.CheckConstraint(
                condition=Q(fixed_investment=None)
                | Q(fixed_investment__gt=0, fixed_investment__lte=F("investment")),
                name="contract_fixed_within_total",
            ),
            models.CheckConstraint(
                condition=Q(expands=None, added_investment=None)
                | Q(expands__isnull=False, added_investment__isnull=False, added_investment__gt=0),
                name="contract_expansion_adds",
            ),
        )

    def __str__(self) -> str:
        return self.number

    @property
    def intensity(self) -> object:
        """Fixed investment per mu of land, in ten thousand of the contract's currency."""
        if not self.fixed_investment or not self.land_mu:
            return None
        return round(self.fixed_investment / self.land_mu, 2)

    @property
    def counted_investment(self) -> object:
        """What the signing adds to the figures: the added part of an expansion, else all."""
        if not self.counted:
            return None
        return self.added_investment if self.expands_id else self.investment


class ThroughContractQuerySet(ThroughLeadQuerySet[M]):
    lead_path = "contract__lead"


class ContractAmountChange(models.Model):
    """One change of an amount in a contract. Never edited."""

    contract = models.ForeignKey(
        Contract,
        verbose_name=_("contract"),
        on_delete=models.PROTECT,
        related_name="amount_changes",
    )
    field = models.CharField(_("which amount"), max_length=30)
    old_value = models.DecimalField(_("before"), max_digits=16, decimal_places=4, null=True)
    new_value = models.DecimalField(_("after"), max_digits=16, decimal_places=4, null=True)
    currency = models.CharField(_("currency"), max_length=3, choices=Currency.choices)
    reason = models.CharField(_("reason of the change"), max_length=200)
    changed_at = models.DateTimeField(_("changed at"))
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("changed by"),
        on_delete=models.PROTECT,
        related_name="+",
    )

    objects = ThroughContractQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of an amount")
        verbose_name_plural = _("changes of amounts")
        ordering = ("-changed_at", "-pk")

    def __str__(self) -> str:
        return f"{self.contract} {self.field}"


class CommitmentSide(models.TextChoices):
    INVESTOR = "investor", _("the investor promises")
    ZONE = "zone", _("the zone promises")


class Fulfilment(models.TextChoices):
    """What became of a promise."""

    MET = "met", _("kept")
    PARTLY = "partly", _("partly kept")
    NOT_MET = "not_met", _("not kept")
    RELEASED = "released", _("released from it")


class Commitment(Versioned):
    """One promise of a contract, by either side.

    `verdict`, `actual`, `judged_on` repeat the newest `CommitmentVerdict`, `measured` and
    `measured_on` the newest `CommitmentMeasure`; `outlook` is judged by the sweep and by every
    action on the promise; it has been the same since `outlook_since`.
    """

    contract = models.ForeignKey(
        Contract, verbose_name=_("contract"), on_delete=models.PROTECT, related_name="commitments"
    )
    side = models.CharField(_("who promises"), max_length=10, choices=CommitmentSide.choices)
    metric = models.CharField(_("what is promised"), max_length=100)
    promised = models.DecimalField(
        _("amount promised"), max_digits=16, decimal_places=4, null=True, blank=True
    )
    unit = models.CharField(_("unit of measure"), max_length=20, blank=True)
    due_on = models.DateField(_("promised for"), null=True, blank=True)
    clause = models.CharField(_("clause of the contract"), max_length=60, blank=True)
    starts_on = models.DateField(
        _("counted from"),
        null=True,
        blank=True,
        help_text=_("Empty: from the signing on"),
    )
    verdict = models.CharField(
        _("verdict on the promise"),
        max_length=10,
        choices=Fulfilment.choices,
        blank=True,
        editable=False,
    )
    actual = models.DecimalField(
        _("amount delivered"),
        max_digits=16,
        decimal_places=4,
        null=True,
        blank=True,
        editable=False,
    )
    judged_on = models.DateField(_("judged on (promise)"), null=True, editable=False)
    measured = models.DecimalField(
        _("last measured value"), max_digits=16, decimal_places=4, null=True, editable=False
    )
    measured_on = models.DateField(_("last measured on"), null=True, editable=False)
    outlook = models.CharField(
        _("outlook"), max_length=10, choices=Outlook.choices, blank=True, editable=False
    )
    behind = models.SmallIntegerField(
        _("points behind its pace"),
        null=True,
        editable=False,
        help_text=_("Percentage points; below zero: ahead of it"),
    )
    outlook_since = models.DateField(_("outlook since"), null=True, editable=False)

    objects = ThroughContractQuerySet.as_manager()
    history = history_records()

    class Meta:
        verbose_name = _("commitment")
        verbose_name_plural = _("commitments")
        ordering = ("side", "due_on", "pk")
        indexes = (
            models.Index(fields=("due_on", "id"), name="commitment_open", condition=Q(verdict="")),
            models.Index(fields=("outlook", "due_on", "id"), name="commitment_outlook"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(promised=None) | Q(promised__gt=0), name="commitment_promises_something"
            ),
            models.CheckConstraint(
                condition=Q(verdict="", judged_on=None) | (~Q(verdict="") & ~Q(judged_on=None)),
                name="commitment_judged_on_a_day",
            ),
            models.CheckConstraint(
                condition=Q(verdict="") | Q(outlook=""), name="commitment_judged_has_no_outlook"
            ),
            models.CheckConstraint(
                condition=Q(starts_on=None) | Q(due_on=None) | Q(starts_on__lte=F("due_on")),
                name="commitment_starts_before_due",
            ),
        )

    def __str__(self) -> str:
        return self.metric
