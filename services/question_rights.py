"""Who may do what to a question that he or she can see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from leads.permissions import NotAllowed
from services.models import (
    DIRECT,
    Liaison,
    QuestionState,
    departments_of,
    served_enterprises,
)

if TYPE_CHECKING:
    from kfq_crm.base.models import User
    from leads.models import Enterprise
    from services.models import Extension, Question

CHANGE = "services.change_question"


@dataclass(frozen=True)
class Rights:
    """What a person may do to one question.

    `direct`: verify, decline, assign and hand over: service staff; of a confidential question,
    which they do not see, the enterprise's liaison officer in their place. `verify`: those and
    the officer. `work`: answer, feed back, ask for time, hand over: the handler
    and the people of the department that has it, and service staff. `decide`: on more time: the
    department's head; where there is none or the head asked, service staff who did not ask.
    """

    direct: bool = False
    verify: bool = False
    work: bool = False
    heads: bool = False

    def may_decide(self, user: User, extension: Extension) -> bool:
        if extension.asked_by_id == user.pk:
            return False
        head = extension.question.department.head_id if extension.question.department else None
        if head and head != extension.asked_by_id:
            return self.heads
        return self.direct


def rights_over(user: User, question: Question) -> Rights:
    """Everything at once; nothing for who may not change questions at all."""
    if not (user.is_active and user.has_perm(CHANGE)):
        return Rights()
    own = question.department_id is not None and (
        departments_of(user).filter(pk=question.department_id).exists()
    )
    cares = (
        Liaison.objects.active().filter(officer=user, enterprise=question.enterprise_id).exists()
    )
    direct = user.has_perm(DIRECT) or (cares and question.is_confidential)
    heads = bool(question.department and question.department.head_id == user.pk)
    works = direct or own or question.handler_id == user.pk
    is_new = question.state == QuestionState.RECEIVED
    return Rights(
        direct=direct,
        verify=is_new and (direct or cares),
        work=works and not is_new,
        heads=heads,
    )


def require(allowed: bool) -> None:
    if not allowed:
        raise NotAllowed(
            "not_allowed",
            _("Only who has this question, the department's head or service staff may do this."),
        )


def may_name(user: User, enterprise: Enterprise) -> bool:
    """Whether the person may put something on record about the enterprise."""
    return served_enterprises(user).filter(pk=enterprise.pk).exists()
