"""Demo questions of enterprises, from intake to rating, and the visits of their liaison officer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from itertools import groupby
from typing import Any

from kfq_crm.base.models import User
from leads.models import Enterprise
from seeds.loading.store import read
from seeds.scenes.clock import Days, clock_at
from seeds.scenes.people import DOMAIN
from services.actions.asking_links import give_link
from services.actions.extensions import ask_extension
from services.actions.feedback import give_feedback, rate_feedback
from services.actions.handling import answer_question, verify_question
from services.actions.intake import ask_by_link, take_in_question
from services.actions.knowledge import keep_answer
from services.actions.liaison import appoint_officer, log_visit
from services.models import (
    AskingLink,
    Department,
    Question,
    QuestionCategory,
    Tier,
)

Happening = tuple[date, int, Callable[[], object]]
PHONE = "19900000900"


class Questions:
    """What demo_questions.yaml tells, day by day; everything through the actions."""

    def __init__(self, people: dict[str, User], days: Days) -> None:
        self.data, self.people, self.days = read("demo_questions"), people, days
        self.service = people[self.data["service"]]
        self.officer = people[self.data["officer"]]
        self.companies: list[Enterprise] = []
        self.links: dict[int, AskingLink] = {}

    def events(self) -> Iterator[Happening]:
        """Day, place among the day's steps, and what happens."""
        first = 2 + max(row["days_ago"] for row in self.data["questions"])
        yield self.days.ago(first), 0, self.begin
        for row in self.data["visits"]:
            yield self.days.ago(row["days_ago"]), 1, lambda row=row: self.visit(row)
        for row in self.data["questions"]:
            yield from self.question(row)

    def begin(self) -> None:
        """People of departments, enterprises in care, a link for each."""
        for row in self.data["people"]:
            self._employ(row)
        public = Enterprise.objects.filter(is_public=True).order_by("pk")
        self.companies = list(public[: self.data["companies"]])
        for place, company in enumerate(self.companies):
            tier = Tier.KEY if place < 2 else Tier.REGULAR
            appoint_officer(enterprise=company, officer=self.officer, tier=tier, by=self.service)
            self.links[place] = give_link(
                enterprise=company,
                contact_name=self.data["contacts"][place],
                contact_email=f"contact{place}{DOMAIN}",
                by=self.service,
            )

    def _employ(self, row: dict[str, Any]) -> None:
        user = self.people[row["username"]]
        department = Department.objects.get(code=row["department"])
        department.members.add(user)
        if row.get("head") and department.head_id is None:
            department.head = user
            department.save()

    def visit(self, row: dict[str, Any]) -> None:
        asked = row.get("question")
        if asked:
            asked = {**asked, "category": _category(asked["category"]), **self._asker(row)}
        code = row.get("department")
        log_visit(
            enterprise=self.companies[row["company"]],
            visited_on=self.days.ago(row["days_ago"]),
            values={
                "purpose": row["purpose"],
                "summary": row["summary"],
                "department": Department.objects.get(code=code) if code else None,
            },
            question=asked,
            by=self.people[row["by"]] if "by" in row else self.officer,
        )

    def question(self, row: dict[str, Any]) -> Iterator[Happening]:
        asked: dict[str, Question] = {}
        yield self.days.ago(row["days_ago"]), 2, lambda: asked.update(it=self.ask(row))
        steps: tuple[tuple[str, Callable[[Question, dict[str, Any]], object]], ...] = (
            ("verified", self.verify),
            ("answered", self.answer),
            ("extension", self.ask_time),
            ("fed_back", self.feed_back),
            ("rated", self.rate),
        )
        for place, (name, act) in enumerate(steps):
            if name in row:
                step = row[name]
                day = self.days.ago(step["days_ago"])
                yield day, 3 + place, lambda act=act, step=step: act(asked["it"], step)
        if "kept" in row:
            day = self.days.ago(row["rated"]["days_ago"])
            yield day, 9, lambda: self.keep(asked["it"], row["kept"])

    def ask(self, row: dict[str, Any]) -> Question:
        values = {name: row[name] for name in ("title", "text", "place")}
        values |= {"category": _category(row["category"]), **self._asker(row)}
        if row.get("link"):
            return ask_by_link(link=self.links[row["company"]], values=values)
        company = self.companies[row["company"]]
        return take_in_question(enterprise=company, values=values, by=self.service)

    def verify(self, question: Question, row: dict[str, Any]) -> None:
        handler = self.people[row["handler"]] if "handler" in row else None
        verify_question(
            question=question,
            department=Department.objects.get(code=row["department"]),
            handler=handler,
            by=self.service,
        )

    def answer(self, question: Question, row: dict[str, Any]) -> None:
        answer_question(question=question, answer=row["text"], by=self.people[row["by"]])

    def ask_time(self, question: Question, row: dict[str, Any]) -> None:
        fresh = Question.objects.get(pk=question.pk)
        until = self.days.calendar.add_workdays(fresh.solve_by, row["days"])
        by = self.people[row["by"]]
        ask_extension(question=fresh, until=until, reason=row["reason"], by=by)

    def feed_back(self, question: Question, row: dict[str, Any]) -> None:
        give_feedback(
            question=question, outcome=row["outcome"], text=row["text"], by=self.people[row["by"]]
        )

    def rate(self, question: Question, row: dict[str, Any]) -> None:
        feedback = question.feedbacks.get()
        rate_feedback(feedback=feedback, score=row["score"], words=row["words"])

    def keep(self, question: Question, row: dict[str, Any]) -> None:
        fresh = Question.objects.get(pk=question.pk)
        keep_answer(question=fresh, values=row, by=self.service)

    def _asker(self, row: dict[str, Any]) -> dict[str, str]:
        place = row["company"]
        return {
            "contact_name": self.data["contacts"][place],
            "contact_phone": PHONE,
            "contact_email": f"contact{place}{DOMAIN}",
        }


def ask_around(people: dict[str, User], days: Days) -> None:
    """Live through all of it, each step at its moment."""
    events = sorted(Questions(people, days).events(), key=lambda event: event[:2])
    for day, happening in groupby(events, key=lambda event: event[0]):
        for place, (_day, _rank, act) in enumerate(happening):
            with clock_at(days.moment(day, place)):
                act()


def _category(code: str) -> QuestionCategory:
    return QuestionCategory.objects.get(code=code)
