"""Whose figures they are: the leads that a person may read, and those that are only counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db.models import F, QuerySet

from chains.visibility import own_teams, sees_all
from leads.models import Lead
from leads.models.lead import READ_CONFIDENTIAL

if TYPE_CHECKING:
    from kfq_crm.base.models import User

NOBODY = "1 = 0"


class Sight:
    """A person's view of the leads, as conditions of SQL with their parameters.

    Rights are today's, also for a day that has passed: what is hidden now was never open.
    `counts_hidden`: the person sees the work of all teams, so that confidential leads which he
    or she may not read are counted, never shown. For everybody else they do not exist, nor where
    `only_read` asks for what stands behind a list.
    """

    def __init__(self, user: User, *, only_read: bool = False) -> None:
        self.user = user
        self.sees_all = sees_all(user)
        self.reads_all = self.sees_all and user.has_perm(READ_CONFIDENTIAL)
        self.counts_hidden = self.sees_all and not self.reads_all and not only_read
        self.parameters: dict[str, Any] = {}
        has_hidden = self.sees_all and not self.reads_all
        self._hidden = self._condition("hidden", self._unread()) if has_hidden else NOBODY
        self._seen = "" if self.sees_all else self._condition("seen", self._read())

    def visible(self, column: str = "lead.id") -> str:
        """The lead of this column may be read."""
        if not self.sees_all:
            return self._seen.format(column=column)
        return "1 = 1" if self.reads_all else f"NOT {self._hidden.format(column=column)}"

    def hidden(self, column: str = "lead.id") -> str:
        """The lead of this column is counted without being told of."""
        return self._hidden.format(column=column)

    def visible_projects(self) -> str:
        """Of `project` and `lead`, its own if it has one; the report's go by their chain."""
        if self.sees_all:
            return f"(lead.id IS NULL OR {self.visible()})"
        chains = self._condition("own", own_teams(self.user).order_by().values(found=F("chain")))
        own = chains.format(column="project.chain_id")
        return f"((project.contract_id IS NULL AND {own}) OR {self.visible()})"

    def visible_questions(self) -> str:
        """Of `question` and `lead`: about a lead that may be read; about none, for who sees the
        work of all teams."""
        if self.sees_all:
            return f"(lead.id IS NULL OR {self.visible()})"
        return f"(lead.id IS NOT NULL AND {self.visible()})"

    def _read(self) -> QuerySet[Any, Any]:
        return Lead.objects.visible_to(self.user).order_by().values(found=F("pk"))

    def _unread(self) -> QuerySet[Any, Any]:
        secret = Lead.objects.filter(confidential=True)
        read = Lead.objects.visible_to(self.user).filter(confidential=True).values("pk")
        return secret.exclude(pk__in=read).order_by().values(found=F("pk"))

    def _condition(self, name: str, rows: QuerySet[Any, Any]) -> str:
        """EXISTS, so that neither database asks row by row; `{column}` is filled in later."""
        try:
            sql, params = rows.query.sql_with_params()
        except EmptyResultSet:
            return NOBODY
        names = [f"{name}_{place}" for place in range(len(params))]
        self.parameters |= dict(zip(names, params, strict=True))
        plain = sql.replace("%%", "%%%%").replace("{", "{{").replace("}", "}}")
        named = plain % tuple(f"%({key})s" for key in names)
        return f"EXISTS (SELECT 1 FROM ({named}) AS {name} WHERE {name}.found = {{column}})"  # noqa: S608 — built by the ORM
