"""Rules and categories of enterprise questions and liaison; after the departments."""

from __future__ import annotations

from seeds.loading.rules import origin
from seeds.loading.store import add, make, read
from services.models import (
    Department,
    LimitOf,
    LinkRule,
    QuestionCategory,
    QuestionLimit,
    QuestionRule,
    VisitCadence,
    VisitWarning,
)

ITEMS = {
    "verify": LimitOf.VERIFY,
    "answer": LimitOf.ANSWER,
    "solve": LimitOf.SOLVE,
    "solve_max": LimitOf.AT_MOST,
}


def load_questions() -> None:
    """Each kind of rule only while it has no row at all; a category that is there stays."""
    _limits()
    data = read("questions")
    if not QuestionRule.objects.exists():
        (row,) = data["closing"]
        names = ("rating_days", "reopens_up_to", "amber_from")
        make(QuestionRule, **{name: row[name] for name in names}, **origin(data, row))
    if not LinkRule.objects.exists():
        (row,) = data["links"]
        names = ("link_days", "per_link", "per_address")
        make(LinkRule, **{name: row[name] for name in names}, **origin(data, row))
    if not VisitCadence.objects.exists():
        for row in data["visit_cadence"]:
            make(VisitCadence, tier=row["tier"], working_days=row["limit"], **origin(data, row))
    if not VisitWarning.objects.exists():
        (row,) = data["visit_warning"]
        make(VisitWarning, visits=row["visits"], days=row["days"], **origin(data, row))
    _categories(data["categories"])


def _limits() -> None:
    if QuestionLimit.objects.exists():
        return
    rules = read("rules")
    for row in rules["enterprise_questions"]:
        limit = {"item": ITEMS[row["item"]], "working_days": row["limit"]}
        make(QuestionLimit, **limit, **origin(rules, row))


def _categories(rows: list[dict[str, str]]) -> None:
    known = {department.code: department for department in Department.objects.all()}
    for place, row in enumerate(rows):
        add(
            QuestionCategory,
            {"code": row["code"]},
            name=row["name"],
            department=known.get(row["department"] or ""),
            order=place,
        )
