"""Questions to a chain leader about what stands in the way, and the leader's answers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from chains.models import TaskTeam
from kfq_crm.base import concurrency, mail
from kfq_crm.base.access import record_access
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import AccessKind
from leads.models import Answer, Blocker, Decision, Lead
from leads.permissions import NotAllowed, may_reassign

if TYPE_CHECKING:
    from kfq_crm.base.models import User
    from leads.models import Digest

KIND = "decision"


@transaction.atomic
def ask_leader(*, blocker: Blocker, question: str, by: User) -> Decision:
    """Mark a blocker for the leader: the question goes into the chain's next digest.

    The team's head or the coordination office asks. RuleViolation when the chain has no leader,
    the leader may not read the lead, or a question about it waits already.
    """
    lead = concurrency.lock(Lead.objects.visible_to(by), blocker.lead_id)
    _require_head(by, lead)
    locked = concurrency.lock(Blocker.objects.visible_to(by), blocker.pk)
    question = question.strip()
    if not question:
        raise RuleViolation("question_missing", _("Write what is to be decided."), "question")
    _check_open(lead, locked)
    _check_leader(lead)
    if Decision.objects.filter(blocker=locked, answer="", withdrawn_at=None).exists():
        raise RuleViolation("asked", _("A question about this waits for the leader already."))
    decision = Decision(blocker=locked, question=question, asked_by=by)
    concurrency.touch(lead, by=by)
    return concurrency.create(decision, by=by)


@transaction.atomic
def withdraw_question(*, decision: Decision, by: User, now: datetime | None = None) -> Decision:
    """Take a question back before it is answered; links to it then say so."""
    lead_key = decision.blocker.lead_id
    lead = concurrency.lock(Lead.objects.visible_to(by), lead_key)
    _require_head(by, lead)
    locked = concurrency.lock(Decision.objects.visible_to(by), decision.pk)
    if not locked.is_waiting:
        raise RuleViolation("settled", _("This has been answered or withdrawn already."))
    locked.withdrawn_at = now or timezone.now()
    concurrency.touch(lead, by=by)
    return concurrency.save(locked, by=by)


@transaction.atomic
def answer_by_link(
    *,
    decision: Decision,
    answer: str,
    text: str,
    digest: Digest,
    by: User,
    address: str = "",
    now: datetime | None = None,
) -> Decision:
    """Answer from a signed link, once. The caller has read the link; `by` is whom it was
    sent to. RuleViolation `answered` when somebody answered before."""
    locked = _lock(decision)
    if locked.answer:
        raise RuleViolation("answered", _("This has been answered; sign in to change the answer."))
    return _record(locked, answer, text, by, digest, address, now)


@transaction.atomic
def answer_signed_in(
    *,
    decision: Decision,
    answer: str,
    text: str,
    by: User,
    expected: int,
    address: str = "",
    now: datetime | None = None,
) -> Decision:
    """Answer, or change the answer, as the signed-in leader of the chain."""
    if not leads_chain_of(by, decision):
        raise NotAllowed("not_allowed", _("Only the chain leader answers this."))
    locked = _lock(decision, expected)
    return _record(locked, answer, text, by, None, address, now)


def leads_chain_of(user: User, decision: Decision) -> bool:
    """Whether the person is the leader of the chain that the question is about."""
    chain = decision.blocker.lead.chain_id
    return TaskTeam.objects.filter(chain=chain, leader=user).exists()


def _lock(decision: Decision, expected: int | None = None) -> Decision:
    """Without asking visibility: the signed link or the office of leader stands for it."""
    locked = concurrency.lock(Decision.objects.all(), decision.pk, expected)
    blocker = Blocker.objects.select_related("lead").get(pk=locked.blocker_id)
    if locked.withdrawn_at:
        raise RuleViolation("withdrawn", _("The question was withdrawn; nothing is to be decided."))
    if not locked.answer:
        _check_open(blocker.lead, blocker)
    return locked


def _record(
    locked: Decision,
    answer: str,
    text: str,
    by: User,
    digest: Digest | None,
    address: str,
    now: datetime | None,
) -> Decision:
    text = text.strip()
    if answer not in Answer.values:
        raise RuleViolation("answer_missing", _("Choose one of the three answers."), "answer")
    if answer == Answer.INSTRUCT and not text:
        raise RuleViolation("words_missing", _("Write the instruction."), "text")
    before = locked.answer
    locked.answer, locked.text = answer, text
    locked.answered_by, locked.answered_at = by, now or timezone.now()
    locked.digest = digest or locked.digest
    concurrency.save(locked, by=by)
    record_access(
        AccessKind.ADMINISTRATION,
        by=by,
        subject="decision.changed" if before else "decision.answered",
        instance=locked,
        detail={"answer": answer, "way": "link" if digest else "signed_in"}
        | ({"digest": digest.code} if digest else {}),
        address=address,
        now=now,
    )
    _tell(locked)
    return locked


def _tell(decision: Decision) -> None:
    """The blocker's owner, who asked, and the head learn the answer by message."""
    blocker = Blocker.objects.select_related("lead__chain__team__head", "owner").get(
        pk=decision.blocker_id
    )
    team = getattr(blocker.lead.chain, "team", None)
    people = {person for person in (blocker.owner, decision.asked_by, team and team.head) if person}
    context = {"decision": decision, "blocker": blocker, "lead": blocker.lead}
    subject = _("%(answer)s: the leader's answer on %(lead)s") % {
        "answer": decision.get_answer_display(),
        "lead": blocker.lead,
    }
    mail.enqueue_all(
        mail.Letter(
            f"{KIND}:{decision.pk}:{decision.version}:{person.pk}",
            person,
            subject,
            render_to_string("leads/mail/decision.txt", {**context, "person": person}),
            kind=KIND,
        )
        for person in sorted(people, key=lambda person: person.pk)
        if Lead.objects.visible_to(person).filter(pk=blocker.lead_id).exists()
    )


def _require_head(by: User, lead: Lead) -> None:
    if not may_reassign(by, lead):
        raise NotAllowed(
            "not_allowed", _("Only the team head or the coordination office asks the leader.")
        )


def _check_open(lead: Lead, blocker: Blocker) -> None:
    if blocker.resolved_on or not lead.is_open:
        raise RuleViolation("cleared", _("This has been cleared; nothing is to be decided."))


def _check_leader(lead: Lead) -> None:
    team = TaskTeam.objects.select_related("leader").filter(chain=lead.chain_id).first()
    leader = team.leader if team else None
    if leader is None or not leader.is_active:
        raise RuleViolation("no_leader", _("No chain leader is named for this chain."))
    if not Lead.objects.visible_to(leader).filter(pk=lead.pk).exists():
        raise RuleViolation(
            "leader_may_not_read",
            _("%(leader)s may not read this confidential lead; name the leader as its reader.")
            % {"leader": leader},
        )
