"""The bare table: a lead's facts and its company's side by side, with the usual indexes."""

from __future__ import annotations

from functools import cache

from django.db import connection, models

from benchmark.plain.rows import FollowUpRow, LeadRow
from benchmark.plain.serving import Question, Step
from leads.stages import Stage

__all__ = ["FILL", "FollowUpRow", "Lead", "LeadRow", "Question", "Step", "chains", "people"]


@cache
def _pairs(query: str) -> list[tuple[int, str]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def chains() -> list[tuple[int, str]]:
    return _pairs("SELECT id, name FROM public.chains_chain ORDER BY id")


def people() -> list[tuple[int, str]]:
    return _pairs("SELECT id, display_name FROM public.base_user ORDER BY id")


class Lead(models.Model):
    """Chain and person are plain numbers with names known beforehand: no join, no picker."""

    title = models.CharField(max_length=120)
    company = models.CharField(max_length=120)
    initials = models.CharField(max_length=255, blank=True)
    phone = models.CharField(max_length=30, blank=True)
    chain = models.BigIntegerField(choices=chains, db_index=True)
    owner = models.BigIntegerField(choices=people, db_index=True)
    stage = models.CharField(max_length=12, choices=Stage.choices, db_index=True)
    exit = models.CharField(max_length=12, blank=True)
    source = models.CharField(max_length=12)
    investment = models.DecimalField(max_digits=16, decimal_places=4, null=True, blank=True)
    currency = models.CharField(max_length=3, default="CNY")
    summary = models.TextField(blank=True)
    waiting_for = models.CharField(max_length=12, blank=True)
    waiting_since = models.DateField(null=True, blank=True)
    next_action = models.CharField(max_length=200, blank=True)
    next_action_on = models.DateField(null=True, blank=True, db_index=True)
    last_contact_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = (models.Index(fields=("owner", "stage"), name="plain_owner_stage"),)

    def __str__(self) -> str:
        return self.title


# The same rows under the same numbers; a company's first telephone stands for all of them.
FILL = """
    INSERT INTO plain_lead
    SELECT lead.id, lead.title, company.name, split_part(company.search_text, E'\\n', 2),
        coalesce((
            SELECT phone FROM public.leads_contact AS contact
            WHERE contact.enterprise_id = company.id ORDER BY contact.id LIMIT 1
        ), ''),
        lead.chain_id, lead.owner_id, lead.stage, lead.exit, lead.source, lead.investment,
        lead.currency, lead.summary, lead.waiting_for, lead.waiting_since, lead.next_action,
        lead.next_action_on, lead.last_contact_on, lead.created_at
    FROM public.leads_lead AS lead
    JOIN public.leads_enterprise AS company ON company.id = lead.enterprise_id
    ORDER BY lead.id
"""
