"""What a lead looks like outside."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from kfq_crm.base.api.rows import RowSerializer
from leads.api.labels import (
    chain_label,
    chain_labels,
    enterprise_label,
    outpost_label,
    segment_label,
    staff_label,
    team_label,
)
from leads.models import Lead

AMOUNT = _("In ten thousand of the currency, with four decimals; never converted")


class LeadSerializer(RowSerializer):
    """The lead's own facts. Names beside it are those of the moment of reading."""

    personal_fields = frozenset({"referrer", "waiting_detail"})
    derived = {"number": ()}
    kept = ("version", "created_at", "updated_at", "next_action_on")

    number = serializers.CharField(
        label=_("lead number"), help_text=_("The lead's number as people say it"), read_only=True
    )
    enterprise = enterprise_label()
    chain = chain_label(
        label=_("primary chain"), help_text=_("The chain that the lead counts for, with its code")
    )
    secondary_chains = chain_labels(
        label=_("secondary chains"), help_text=_("Chains whose teams see the lead too")
    )
    segment = segment_label()
    owner = staff_label(label=_("person in charge"), help_text=_("Who works on the lead"))
    first_talk_team = team_label(
        label=_("team that talked first"), help_text=_("Task team that had the first talk")
    )
    outpost = outpost_label()
    logged_by = staff_label(label=_("logged by"), help_text=_("Who put the lead on record"))

    class Meta:
        model = Lead
        fields = (
            "id",
            "number",
            "title",
            "enterprise",
            "chain",
            "secondary_chains",
            "segment",
            "stage",
            "stage_entered_at",
            "exit",
            "exit_reason",
            "exit_detail",
            "exited_on",
            "wake_on",
            "owner",
            "first_talk_team",
            "landing_park",
            "source",
            "source_detail",
            "referrer",
            "referrer_replied_on",
            "outpost",
            "summary",
            "investment",
            "fixed_investment",
            "currency",
            "amount_is_estimate",
            "band",
            "land_mu",
            "plant_m2",
            "energy_tce",
            "emissions",
            "talent_need",
            "fund",
            "confidential",
            "code_name",
            "waiting_for",
            "waiting_detail",
            "waiting_since",
            "next_action",
            "next_action_on",
            "last_contact_on",
            "last_progress_on",
            "logged_by",
            "created_at",
            "updated_at",
            "version",
        )

    texts = {
        "title": _("Title of the project"),
        "stage": _("Stage that the lead stands in"),
        "stage_entered_at": _("When it entered this stage, in site time"),
        "exit": _("How the lead left the pipeline; empty while it is open"),
        "exit_reason": _("Why it was lost; empty otherwise"),
        "exit_detail": _("What was said about the exit"),
        "exited_on": _("Day on which it left the pipeline"),
        "wake_on": _("Day on which a shelved lead is taken up again"),
        "landing_park": _("Park where the project lands, if it is not the finder's"),
        "source": _("How the lead was found"),
        "source_detail": _("Which fair, fund or firm it came from"),
        "referrer": _("Person or unit that referred it; personal data"),
        "referrer_replied_on": _("Day on which the referrer was told what became of it"),
        "summary": _("What the company plans, in words"),
        "investment": AMOUNT,
        "fixed_investment": AMOUNT,
        "amount_is_estimate": _("Whether the amount was given as “about”"),
        "band": _("Scale band of the total investment; empty without an amount"),
        "land_mu": _("Land needed, in mu"),
        "plant_m2": _("Plant needed, in square metres"),
        "energy_tce": _("Energy needed, in tonnes of standard coal a year"),
        "emissions": _("Emissions expected, in words"),
        "talent_need": _("Talent needed, in words"),
        "fund": _("Fund or capital that comes along, in words"),
        "confidential": _("Whether only its owner, the team head and its readers may see it"),
        "code_name": _("Name under which a confidential lead goes"),
        "waiting_for": _("Who has to act next"),
        "waiting_detail": _("Name of the person or unit that has to act; personal data"),
        "waiting_since": _("Day since which it waits for them"),
        "next_action": _("Next step, in words"),
        "next_action_on": _("Day on which the next step is due"),
        "last_contact_on": _("Day of the last contact"),
        "last_progress_on": _("Day of the last follow-up marked as progress"),
    }
