"""What the tests of questions share: a blocker, a question about it, a digest that asks it."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.models import User
from leads.actions.decisions import ask_leader
from leads.actions.followups import raise_blocker
from leads.digest.engine import make_digests
from leads.models import Blocker, Decision, Digest, Lead
from tests.cast import Cast
from tests.factories import log_a_lead

QUESTION = "是否同意先行施工？"


def a_blocker(lead: Lead, by: User, days: int = 3, what: str = "地块未腾空") -> Blocker:
    due_on = current_calendar().next_workday(timezone.localdate() + timedelta(days=days))
    return raise_blocker(lead=lead, description=what, owner=by, due_on=due_on, by=by)


def a_question(
    cast: Cast, question: str = QUESTION, *, lead: Lead | None = None, days: int = 3, **values: Any
) -> Decision:
    lead = lead or log_a_lead(by=cast.member_a, **values)
    blocker = a_blocker(lead, lead.owner, days)
    return ask_leader(blocker=blocker, question=question, by=cast.head_a)


def asked_in_digest(cast: Cast) -> Digest:
    """The digest of chain A that the sweep makes now, whatever week it is."""
    make_digests()
    return Digest.objects.filter(chain=cast.chain_a).latest("starts_on")
