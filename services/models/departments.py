"""Departments that decide on approvals and answer enterprises' questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kfq_crm.base.history_records import history_records
from kfq_crm.base.models import Versioned
from kfq_crm.base.scoping import OpenQuerySet

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from kfq_crm.base.models import User

SEE_ALL = "services.see_all_services"


class Department(Versioned):
    """An authority or a utility with its people. Known to all staff; its work is not.

    Which rows its people see is asked of the plans and questions, by `departments_of`.
    """

    code = models.SlugField(pgettext_lazy("department", "short code"), max_length=40, unique=True)
    name = models.CharField(pgettext_lazy("department", "name"), max_length=60, unique=True)
    duties = models.CharField(_("what it is asked for"), max_length=200, blank=True)
    head = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("head of the department"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="headed_departments",
    )
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("people of the department"),
        blank=True,
        related_name="departments",
    )
    order = models.PositiveSmallIntegerField(_("place in the list"), default=0)
    is_active = models.BooleanField(pgettext_lazy("department", "takes work"), default=True)

    objects = OpenQuerySet.as_manager()
    history = history_records(m2m_fields=[members])

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        ordering = ("order", "pk")
        permissions = (("see_all_services", _("May see every approval plan and question")),)

    def __str__(self) -> str:
        return self.name


def departments_of(user: User) -> QuerySet[Department]:
    """Departments that the person works in or heads; none for a disabled account."""
    if not user.is_active:
        return Department.objects.none()
    member = Department.members.through.objects.filter(user=user).values("department")
    return Department.objects.filter(models.Q(pk__in=member) | models.Q(head=user))


def sees_all_services(user: User) -> bool:
    """Whether the person sees all plans and questions (of confidential leads apart)."""
    return user.is_active and user.has_perm(SEE_ALL)
