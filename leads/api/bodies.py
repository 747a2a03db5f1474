"""What programs send: read by the parsers of the forms, judged by the same actions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from chains.models import Chain, Segment
from kfq_crm.base.amounts import Amount, one_currency, parse_amount
from kfq_crm.base.api.fields import DayField, ParsedField, RecordField
from kfq_crm.base.api.filters import visible_rows
from kfq_crm.base.api.problems import WHOLE
from kfq_crm.base.api.serializers import ActionSerializer
from kfq_crm.base.codes import clean_phone, clean_uscc
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import User
from kfq_crm.base.quantities import parse_quantity
from leads.api.filters import staff
from leads.dates import parse_moment
from leads.models import ContractKind, Exclusion, Lead, Method, Source, WaitingFor
from leads.queries import expandable_contracts, members_of, outposts_for
from leads.stages import Exit, LossReason, Stage

AMOUNT_TEXT = _("With its unit, as said: 3.2 hundred million yuan, 5000 ten thousand US dollars")
MOST_CHAINS = 20


class TextMember(serializers.CharField):
    """Text, and no number that would be read as one."""

    default_error_messages = {"not_text": _("Send this as text.")}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("not_text")
        return super().to_internal_value(data)


Text = partial(TextMember, required=False, allow_blank=True)
Choice = partial(serializers.ChoiceField, required=False)
Flag = partial(serializers.BooleanField, required=False)
Day = partial(DayField, required=False, allow_null=True)


class ChosenRecord(RecordField):
    """One of a few records, which depend on the lead that the body is about."""

    def rows_for(self, user: User, lead: Lead | None) -> Any:
        raise NotImplementedError

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(self._rows, **kwargs)

    def _rows(self, user: User) -> Any:
        return self.rows_for(user, self.context.get("lead"))


class OutpostField(ChosenRecord):
    def rows_for(self, user: User, lead: Lead | None) -> Any:
        return outposts_for(user, lead)


class TeamMemberField(ChosenRecord):
    def rows_for(self, user: User, lead: Lead | None) -> Any:
        return members_of(lead.chain_id) if lead else User.objects.none()


class EarlierContractField(ChosenRecord):
    def rows_for(self, user: User, lead: Lead | None) -> Any:
        assert lead
        return expandable_contracts(lead, user)


@extend_schema_field({"type": "string", "example": "32000 ten thousand yuan"})
class AmountMember(ParsedField):
    """An amount with its unit; a bare number is refused, as it is in forms."""

    def __init__(self, **kwargs: Any) -> None:
        said = {"required": False, "allow_null": True, "help_text": AMOUNT_TEXT}
        super().__init__(parse_amount, **{**said, **kwargs})


@extend_schema_field(OpenApiTypes.DECIMAL)
class QuantityMember(ParsedField):
    """A number, as text or as a JSON number."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(parse_quantity, **{"required": False, "allow_null": True, **kwargs})

    def to_internal_value(self, data: Any) -> Any:
        is_number = isinstance(data, int | float) and not isinstance(data, bool)
        return super().to_internal_value(str(data) if is_number else data)


@extend_schema_field(OpenApiTypes.DATETIME)
class MomentMember(ParsedField):
    """A day, or a day and time."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(lambda text: parse_moment(text, timezone.now()), **kwargs)


def refused(field: str | None, code: str, message: Any) -> serializers.ValidationError:
    """Refuses one member of a body."""
    told: list[Any] = [serializers.ErrorDetail(str(message), code)]
    return serializers.ValidationError({field or WHOLE: told})


class AmountsBody(ActionSerializer):
    """A record whose amounts share one currency, which is the record's."""

    amounts: tuple[str, ...] = ()

    def kept_amounts(self) -> Mapping[str, Amount | None]:
        """Amounts on record, of which the body may change some."""
        return {}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        typed = {name: attrs[name] for name in self.amounts if name in attrs}
        try:
            currency = one_currency({**self.kept_amounts(), **typed})
        except RuleViolation as violation:
            raise refused(violation.field, violation.code, violation.message) from violation
        attrs |= {name: amount and amount.value for name, amount in typed.items()}
        if any(amount and amount.approximate for amount in typed.values()):
            attrs["approximate"] = True
        return {**attrs, "currency": currency} if currency and typed else attrs


class LeadDataBody(AmountsBody):
    """Data of a lead that both a new one and a changed one have."""

    amounts = ("investment", "fixed_investment")

    title = Text(max_length=120, help_text=_("Title of the project"))
    source: Any = Choice(choices=Source.choices, help_text=_("How the lead was found"))
    source_detail = Text(max_length=120, help_text=_("Which fair, fund or firm it came from"))
    referrer = Text(max_length=60, help_text=_("Person or unit that referred it; personal data"))
    outpost = OutpostField(
        required=False, allow_null=True, help_text=_("Number of the outpost that found it")
    )
    segment = serializers.SlugField(
        required=False, allow_null=True, help_text=_("Code of a segment of the lead's chain")
    )
    secondary_chains = serializers.ListField(
        child=RecordField(visible_rows(Chain), by="code"),
        required=False,
        max_length=MOST_CHAINS,
        help_text=_("Codes of the chains whose teams see the lead too"),
    )
    summary = Text(max_length=4000, help_text=_("What the company plans, in words"))
    investment = AmountMember()
    fixed_investment = AmountMember()
    amount_is_estimate = Flag(help_text=_("Whether the amount was given as “about”"))
    land_mu = QuantityMember(help_text=_("Land needed, in mu"))
    plant_m2 = QuantityMember(help_text=_("Plant needed, in square metres"))
    energy_tce = QuantityMember(help_text=_("Energy needed, in tonnes of standard coal a year"))
    emissions = Text(max_length=200, help_text=_("Emissions expected, in words"))
    talent_need = Text(max_length=200, help_text=_("Talent needed, in words"))
    fund = Text(max_length=200, help_text=_("Fund or capital that comes along, in words"))
    confidential = Flag(
        help_text=_("Whether only its owner, the team head and its readers may see it")
    )
    code_name = Text(max_length=40, help_text=_("Name under which a confidential lead goes"))
    waiting_for = Choice(choices=WaitingFor.choices, help_text=_("Who has to act next"))
    waiting_detail = Text(
        max_length=60, help_text=_("Name of the person or unit that has to act; personal data")
    )
    next_action = Text(max_length=200, help_text=_("Next step, in words"))
    next_action_on = Day(help_text=_("Day on which the next step is due; a working day"))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        values = super().validate(attrs)
        if values.pop("approximate", False):
            values["amount_is_estimate"] = True
        if values.get("segment"):
            values["segment"] = self._segment(values)
        return values

    def _segment(self, values: Mapping[str, Any]) -> Any:
        lead: Lead | None = self.context.get("lead")
        chain = lead.chain if lead else values["chain"]
        segment = Segment.objects.filter(chain=chain, code=values["segment"]).first()
        if segment is None:
            raise refused("segment", "unknown", _("This chain has no such segment."))
        return segment


class LeadBody(LeadDataBody):
    """A new lead: five members must be there, the person in charge being oneself by default."""

    title = Text(required=True, max_length=120, help_text=_("Title of the project"))
    investor = Text(required=True, max_length=120, help_text=_("Company, as on the business card"))
    chain = RecordField(visible_rows(Chain), by="code", help_text=_("Code of the primary chain"))
    owner = RecordField(
        staff,
        required=False,
        help_text=_("Number of the person in charge, a member of the chain's team"),
    )
    source = serializers.ChoiceField(choices=Source.choices, help_text=_("How the lead was found"))
    contact_name = Text(max_length=60, help_text=_("First contact person; personal data"))
    contact_phone = ParsedField(
        clean_phone, required=False, help_text=_("That person's telephone; personal data")
    )
    uscc = ParsedField(
        clean_uscc, required=False, help_text=_("Social credit code (GB 32100), 18 characters")
    )
    parent_group = Text(max_length=120, help_text=_("Group that the company belongs to"))
    country = Text(max_length=40, help_text=_("Country or region that it comes from"))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {"owner": self.context["user"], **super().validate(attrs)}


class LeadChangeBody(LeadDataBody):
    """What changes; members that are left out stay. Company, chain, person in charge and stage
    change by verbs of their own."""

    landing_park = Text(max_length=60, help_text=_("Park where the project lands"))

    def kept_amounts(self) -> Mapping[str, Amount | None]:
        lead: Lead = self.context["lead"]
        currency: Any = lead.currency
        stored = {name: getattr(lead, name) for name in self.amounts}
        return {name: Amount(value, currency) for name, value in stored.items() if value}


class FollowUpBody(ActionSerializer):
    """What happened and what comes next. Without a day the cadence gives one."""

    summary = TextMember(max_length=4000, help_text=_("What happened, in words"))
    method = serializers.ChoiceField(choices=Method.choices, help_text=_("How the two sides spoke"))
    occurred_at = MomentMember(
        required=False, help_text=_("When it took place, a day or a day and time; else now")
    )
    two_way = Flag(help_text=_("Whether the other side answered; true unless given"))
    is_progress = Flag(help_text=_("Whether it was a step towards signing"))
    our_people = Text(max_length=200, help_text=_("Who took part for us; personal data"))
    their_people = Text(max_length=200, help_text=_("Who took part for the company; personal data"))
    next_action = Text(max_length=200, help_text=_("Next step, in words"))
    next_action_on = DayField(
        required=False, help_text=_("Day on which the next step is due; a working day")
    )
    waiting_for = Choice(choices=WaitingFor.choices, help_text=_("Who has to act next"))
    waiting_detail = Text(
        max_length=60, help_text=_("Name of the person or unit that has to act; personal data")
    )
    blocker = Text(max_length=200, help_text=_("What stands in the way, if anything does"))
    blocker_owner = TeamMemberField(
        required=False, help_text=_("Number of the member of the lead's team who clears it")
    )
    blocker_due_on = DayField(required=False, help_text=_("Day by which it is to be cleared"))


class ContractBody(AmountsBody):
    """A signed paper. An investment agreement counts when the lead moves to the signed stage."""

    amounts = ("investment", "fixed_investment", "added_investment")

    number = TextMember(
        max_length=60, help_text=_("Number on the paper; no two contracts share one")
    )
    kind = serializers.ChoiceField(
        choices=ContractKind.choices,
        help_text=_("Kind of paper; only an investment agreement ever counts"),
    )
    signed_on = DayField(help_text=_("Day of the signing"))
    our_party = TextMember(max_length=120, help_text=_("Who signed for the zone"))
    their_party = TextMember(max_length=120, help_text=_("Who signed for the investor"))
    investment = AmountMember(required=True, allow_null=False)
    fixed_investment = AmountMember()
    land_mu = QuantityMember(help_text=_("Land, in mu"))
    tax_per_mu = QuantityMember(
        help_text=_("Tax promised for each mu of land, in ten thousand yuan")
    )
    planned_start_on = Day(help_text=_("Day planned for the start of works"))
    planned_completion_on = Day(help_text=_("Day planned for the completion of works"))
    planned_production_on = Day(help_text=_("Day planned for the start of production"))
    legal_review_reference = Text(
        max_length=100, help_text=_("Reference of the legal review; needed to count")
    )
    fair_competition_reference = Text(
        max_length=100, help_text=_("Reference of the fair competition review; needed to count")
    )
    breach_clauses = Text(max_length=8000, help_text=_("What happens on breach, in words"))
    expands = EarlierContractField(
        required=False, help_text=_("Number of the counted contract record that it adds to")
    )
    added_investment = AmountMember()
    exclusion = Choice(
        choices=Exclusion.choices, help_text=_("Why it does not count, where a rule excludes it")
    )
    separate_reason = Text(
        max_length=200, help_text=_("Why it is another project than one counted before")
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        values = super().validate(attrs)
        values.pop("approximate", None)
        return values


class AdvanceBody(ActionSerializer):
    """To the next stage, if its gate is open."""

    kind = serializers.ChoiceField(choices=[("advance", _("move on"))])


class ReturnBody(ActionSerializer):
    """Back to an earlier stage that the lead was moved on from by mistake."""

    kind = serializers.ChoiceField(choices=[("return", _("return (move)"))])
    to = serializers.ChoiceField(choices=Stage.choices, help_text=_("An earlier stage"))
    reason = TextMember(max_length=300, help_text=_("Reason of the move"))


class ExitBody(ActionSerializer):
    """Out of the pipeline."""

    kind = serializers.ChoiceField(choices=[("exit", _("leave the pipeline"))])
    exit = serializers.ChoiceField(choices=Exit.choices, help_text=_("Which way out"))
    reason = Choice(choices=LossReason.choices, help_text=_("Why it was lost; only then"))
    detail = Text(
        max_length=200, help_text=_("Particulars: to whom it is passed on, which place was chosen")
    )
    wake_on = DayField(required=False, help_text=_("Day to take up a shelved lead again"))


class ReopenBody(ActionSerializer):
    """Back into the stage that it left."""

    kind = serializers.ChoiceField(choices=[("reopen", _("take up again"))])
    reason = TextMember(max_length=300, help_text=_("Reason of the move"))


MOVE_BODIES: Mapping[str, type[ActionSerializer]] = {
    "advance": AdvanceBody,
    "return": ReturnBody,
    "exit": ExitBody,
    "reopen": ReopenBody,
}
