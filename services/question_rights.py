"""Who may do what to a question that he or she can see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, Case, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from kfq_crm.base.models import User
from leads.permissions import NotAllowed
from services.models import (
    DIRECT,
    Extension,
    Liaison,
    QuestionState,
    departments_of,
    served_enterprises,
)
from services.models.departments import SEE_ALL
from services.models.liaison import BACKEND, looked_after

if TYPE_CHECKING:
    from leads.models import Enterprise
    from services.models import Question

CHANGE = "services.change_question"
WORDS = frozenset({"title", "text"})
CONTACT = frozenset({"contact_name", "contact_phone", "contact_email"})


@dataclass(frozen=True)
class Rights:
    """What a person may do to one question.

    `direct`: verify, decline, assign and hand over: service staff; of a confidential question,
    which they do not see, the enterprise's liaison officer in their place. `verify`: those and
    the officer. `work`: answer, feed back, ask for time, hand over: the handler
    and the people of the department that has it, and service staff. `decide`: on more time: the
    department's head; where there is none with an account in use or the head asked, service staff
    who did not ask.
    `cares`: the enterprise's liaison officer.
    """

    direct: bool = False
    verify: bool = False
    work: bool = False
    heads: bool = False
    cares: bool = False

    def may_decide(self, user: User, extension: Extension) -> bool:
        if extension.asked_by_id == user.pk:
            return False
        head = extension.question.department.head if extension.question.department else None
        if head and head.is_active and head.pk != extension.asked_by_id:
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
        cares=cares,
    )


_SECRET = Q(question__confidential=True) | Q(question__lead__confidential=True)


def decider() -> Coalesce:
    """Who is told of a request for more time, a key, as an expression over Extension.

    The head, if active and not the one who asked; else who took the question in, gave the link or
    looks after the enterprise; else the first of service staff. Of these whoever may decide it
    and sees the question: see `rights_over` and `QuestionQuerySet.visible_to`. None where there
    is nobody.
    """
    others = User.objects.filter(is_active=True).exclude(pk=OuterRef("asked_by"))
    able = others.filter(pk__in=_holders(CHANGE))
    staff = able.filter(pk__in=_holders(DIRECT))
    cares = Liaison.objects.active().filter(enterprise=OuterRef(OuterRef("question__enterprise")))
    officer = _key(able.filter(pk__in=cares.values("officer")))
    first = _key(staff.filter(pk__in=_holders(SEE_ALL)).order_by("pk"))
    return Coalesce(
        _key(others.filter(pk=OuterRef("question__department__head"))),
        _key(staff.filter(pk=OuterRef("question__taken_in_by"))),
        _key(staff.filter(pk=OuterRef("question__link__issued_by"))),
        _key(staff.filter(pk__in=cares.values("officer"))),
        Case(When(_SECRET, then=officer)),
        Case(When(~_SECRET | ~Q(question__enterprise__in=looked_after()), then=first)),
        output_field=BigIntegerField(),
    )


def _key(people: QuerySet[User]) -> Subquery:
    return Subquery(people.values("pk")[:1])


def decider_of(extension: Extension) -> User | None:
    rows = Extension.objects.filter(pk=extension.pk).annotate(decider=decider())
    return User.objects.filter(pk__in=rows.values("decider")).first()


def _holders(permission: str) -> QuerySet[User, Any]:
    held = User.objects.with_perm(permission, backend=BACKEND)
    return held.order_by().values("pk")


def correctable(user: User, question: Question) -> frozenset[str]:
    """The columns of a question that the person may correct; none where it is not his or hers.

    What the enterprise itself wrote stays as it was. The link for the rating goes to the address
    of the contact, so that whoever handles a question does not change it: service staff and the
    liaison officer do, and who took it in until somebody answers. Nor does the handler open a
    confidential question to others.
    """
    rights = rights_over(user, question)
    took_in = question.taken_in_by_id == user.pk
    is_own = bool(question.link_id)
    found: frozenset[str] = frozenset()
    if rights.work or rights.verify or took_in:
        found |= {"category", "place"}
        found |= frozenset() if is_own else WORDS | (CONTACT - {"contact_email"})
    if rights.direct or rights.cares or took_in:
        found |= {"confidential"}
    if rights.direct or rights.cares:
        found |= CONTACT
    elif took_in and question.round == 1 and not question.answered_at:
        found |= {"contact_email"}
    return found


def require(allowed: bool) -> None:
    if not allowed:
        raise NotAllowed(
            "not_allowed",
            _("Only who has this question, the department's head or service staff may do this."),
        )


def may_name(user: User, enterprise: Enterprise) -> bool:
    """Whether the person may put something on record about the enterprise."""
    return served_enterprises(user).filter(pk=enterprise.pk).exists()
