"""The bare tables of the API's lists: all that a row of the product tells, side by side."""

from __future__ import annotations

from django.db import models


class LeadRow(models.Model):
    """A lead with the names of what it points to; one index for each way of asking."""

    title = models.CharField(max_length=120)
    enterprise_id = models.BigIntegerField()
    enterprise_name = models.CharField(max_length=120)
    enterprise_uscc = models.CharField(max_length=18, null=True)  # noqa: DJ001 — as the product has it
    chain_id = models.BigIntegerField()
    chain_code = models.CharField(max_length=60)
    chain_name = models.CharField(max_length=60)
    secondary_chains = models.JSONField()
    segment_id = models.BigIntegerField(null=True)
    segment_code = models.CharField(max_length=60, null=True)  # noqa: DJ001 — as above
    segment_name = models.CharField(max_length=60, null=True)  # noqa: DJ001 — as above
    stage = models.CharField(max_length=12)
    stage_entered_at = models.DateTimeField()
    exit = models.CharField(max_length=12)
    exit_reason = models.CharField(max_length=30)
    exit_detail = models.CharField(max_length=200)
    exited_on = models.DateField(null=True)
    wake_on = models.DateField(null=True)
    owner_id = models.BigIntegerField()
    owner_name = models.CharField(max_length=150)
    owner_unit = models.CharField(max_length=150)
    first_talk_team_id = models.BigIntegerField(null=True)
    first_talk_team_name = models.CharField(max_length=60, null=True)  # noqa: DJ001 — as above
    landing_park = models.CharField(max_length=60)
    source = models.CharField(max_length=12)
    source_detail = models.CharField(max_length=120)
    referrer_replied_on = models.DateField(null=True)
    outpost_id = models.BigIntegerField(null=True)
    outpost_name = models.CharField(max_length=60, null=True)  # noqa: DJ001 — as above
    summary = models.TextField()
    investment = models.DecimalField(max_digits=16, decimal_places=4, null=True)
    fixed_investment = models.DecimalField(max_digits=16, decimal_places=4, null=True)
    currency = models.CharField(max_length=3)
    amount_is_estimate = models.BooleanField()
    band = models.CharField(max_length=1)
    land_mu = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    plant_m2 = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    energy_tce = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    emissions = models.CharField(max_length=200)
    talent_need = models.CharField(max_length=200)
    fund = models.CharField(max_length=200)
    confidential = models.BooleanField()
    code_name = models.CharField(max_length=40)
    waiting_for = models.CharField(max_length=12)
    waiting_since = models.DateField()
    next_action = models.CharField(max_length=200)
    next_action_on = models.DateField(null=True)
    last_contact_on = models.DateField(null=True)
    last_progress_on = models.DateField(null=True)
    logged_by_id = models.BigIntegerField()
    logged_by_name = models.CharField(max_length=150)
    logged_by_unit = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField()

    class Meta:
        indexes = (models.Index(fields=("chain_code", "stage", "-id"), name="plain_chain_stage"),)

    def __str__(self) -> str:
        return self.title


class FollowUpRow(models.Model):
    """A follow-up with the name of its lead."""

    lead_id = models.BigIntegerField()
    lead_name = models.CharField(max_length=120)
    occurred_at = models.DateTimeField()
    method = models.CharField(max_length=10)
    two_way = models.BooleanField()
    summary = models.TextField()
    is_progress = models.BooleanField()
    next_action = models.CharField(max_length=200)
    next_action_on = models.DateField(null=True)
    logged_by_id = models.BigIntegerField()
    logged_by_name = models.CharField(max_length=150)
    logged_by_unit = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.lead_name


# Column of the bare table: where it stands in the product's
_LEAD = {
    "enterprise_name": "company.name",
    "enterprise_uscc": "company.uscc",
    "chain_code": "chain.code",
    "chain_name": "chain.name",
    "secondary_chains": """(
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', other.id, 'code', other.code,
            'name', other.name)), '[]')
        FROM public.leads_lead_secondary_chains AS link
        JOIN public.chains_chain AS other ON other.id = link.chain_id WHERE link.lead_id = lead.id
    )""",
    "segment_code": "segment.code",
    "segment_name": "segment.name",
    "owner_name": "owner.display_name",
    "owner_unit": "owner.unit",
    "first_talk_team_name": "team.name",
    "outpost_name": "outpost.name",
    "logged_by_name": "clerk.display_name",
    "logged_by_unit": "clerk.unit",
}
_FOLLOW_UP = {
    "lead_name": "CASE WHEN lead.confidential THEN lead.code_name ELSE lead.title END",
    "logged_by_name": "clerk.display_name",
    "logged_by_unit": "clerk.unit",
}


def _filling(model: type[models.Model], alias: str, known: dict[str, str], tables: str) -> str:
    columns = [field.column for field in model._meta.concrete_fields]
    found = ", ".join(known.get(column, f"{alias}.{column}") for column in columns)
    return (
        f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) SELECT {found} FROM {tables} "  # noqa: S608 — names of ours
        f"ORDER BY {alias}.id"
    )


FILL = (
    _filling(
        LeadRow,
        "lead",
        _LEAD,
        """public.leads_lead AS lead
        JOIN public.leads_enterprise AS company ON company.id = lead.enterprise_id
        JOIN public.chains_chain AS chain ON chain.id = lead.chain_id
        JOIN public.base_user AS owner ON owner.id = lead.owner_id
        JOIN public.base_user AS clerk ON clerk.id = lead.logged_by_id
        LEFT JOIN public.chains_segment AS segment ON segment.id = lead.segment_id
        LEFT JOIN public.chains_taskteam AS team ON team.id = lead.first_talk_team_id
        LEFT JOIN public.chains_outpost AS outpost ON outpost.id = lead.outpost_id
        WHERE NOT lead.confidential""",
    ),
    _filling(
        FollowUpRow,
        "talk",
        _FOLLOW_UP,
        """public.leads_followup AS talk
        JOIN public.leads_lead AS lead ON lead.id = talk.lead_id AND NOT lead.confidential
        JOIN public.base_user AS clerk ON clerk.id = talk.logged_by_id""",
    ),
)
