"""Two at the same moment: the same form twice, two who appoint, two sweeps, a rating and the sweep.

One counts, the other is told why.
"""

from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kfq_crm.base.errors import RuleViolation
from services.actions.feedback import close_unrated, rate_feedback
from services.actions.intake import AskedBefore, ask_by_link, take_in_question
from services.actions.liaison import VisitedBefore, appoint_officer, end_liaison, log_visit
from services.models import Closing, Feedback, Liaison, Question, QuestionFile, Tier, Visit
from tests.services.questions.office import Office, a_feedback, a_link, at, question_values
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
NOW = at("2024-11-18")


@pytest.fixture(autouse=True)
def media(settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def a_paper() -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile("说明.pdf", b"%PDF-1.7")]


def files_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_question_sent_twice_at_once_is_taken_once(office: Office, media: Path) -> None:
    number, values = uuid4(), question_values(office)

    def send() -> Question:
        return take_in_question(
            enterprise=office.company,
            values=values,
            uploads=a_paper(),
            sent_as=number,
            by=office.service,
            now=NOW,
        )

    outcomes = sorted(at_once(send, send), key=lambda one: isinstance(one, Exception))
    first, second = outcomes
    assert isinstance(second, AskedBefore)
    assert second.question == first == Question.objects.get()
    assert len(files_under(media)) == QuestionFile.objects.count() == 1


def test_a_visit_sent_twice_at_once_is_one_visit(office: Office, media: Path) -> None:
    number = uuid4()
    asked = {"title": "加层手续", "text": "怎么办？", "category": office.category}

    def send() -> Visit:
        return log_visit(
            enterprise=office.company,
            visited_on=date(2024, 11, 18),
            values={"purpose": "liaison", "summary": "看了新线"},
            question=asked,
            uploads=a_paper(),
            sent_as=number,
            by=office.officer,
            now=NOW,
        )

    first, second = sorted(at_once(send, send), key=lambda one: isinstance(one, Exception))
    assert isinstance(second, VisitedBefore)
    assert second.visit == first == Visit.objects.get()
    assert Question.objects.count() == 1
    assert len(files_under(media)) == QuestionFile.objects.count() == 1


@pytest.mark.parametrize("is_cared_for", [True, False])
def test_of_two_who_appoint_at_once_the_second_is_told(office: Office, is_cared_for: bool) -> None:
    if not is_cared_for:
        end_liaison(liaison=Liaison.objects.get(), reason="调离", by=office.service)
    seen = Liaison.objects.active().filter(enterprise=office.company).first()

    def appoint(name: str) -> Liaison:
        return appoint_officer(
            enterprise=office.company,
            officer=getattr(office, name),
            tier=Tier.REGULAR,
            reason="分工调整",
            instead_of=seen.pk if seen else 0,
            by=office.service,
        )

    outcomes = at_once(lambda: appoint("clerk"), lambda: appoint("service"))
    first, second = sorted(outcomes, key=lambda one: isinstance(one, Exception))
    assert isinstance(second, RuleViolation)
    assert second.code == "faster"
    assert Liaison.objects.active().get(enterprise=office.company) == first


def test_a_link_takes_the_same_form_once(office: Office, media: Path) -> None:
    link, number = a_link(office, now=NOW), uuid4()

    def send() -> Question:
        return ask_by_link(
            link=link,
            values=question_values(office),
            uploads=a_paper(),
            sent_as=number,
            now=NOW,
        )

    first, second = sorted(at_once(send, send), key=lambda one: isinstance(one, Exception))
    assert isinstance(second, AskedBefore)
    assert second.question == first == Question.objects.get()
    assert len(files_under(media)) == 1


# --- The end of a question ------------------------------------------------------------------------

LAST = NOW + timedelta(days=10)  # the last day on which it may be rated
ROUNDS = range(5)


def ends_of(question: Question) -> list[str]:
    """How the story tells the end of a question."""
    ends = ("rated", "closed", "reopened")
    return list(question.events.filter(kind__in=ends).values_list("kind", flat=True))


def test_of_two_sweeps_at_once_each_question_is_closed_by_one(office: Office) -> None:
    for _number in ROUNDS:
        a_feedback(office, now=NOW)

    def sweep() -> int:
        return close_unrated(now=LAST + timedelta(days=1), limit=3)

    counts = [count for _again in range(3) for count in at_once(sweep, sweep)]
    assert sum(counts) == len(ROUNDS)  # an exception is no number
    for question in Question.objects.all():
        assert (question.state, question.closing) == ("closed", Closing.UNRATED)
        assert ends_of(question) == ["closed"]


@pytest.mark.parametrize("score", [1, 5])
def test_a_rating_in_the_second_of_the_sweep_counts_or_is_told(office: Office, score: int) -> None:
    """The sweep's clock is past midnight, the rating's is not yet."""
    for _round in ROUNDS:
        feedback = a_feedback(office, now=NOW)

        def rate(one: Feedback = feedback) -> Feedback:
            return rate_feedback(feedback=one, score=score, now=LAST)

        rated, closed = at_once(rate, lambda: close_unrated(now=LAST + timedelta(days=1)))
        feedback.refresh_from_db()
        question = Question.objects.get(pk=feedback.question_id)
        assert isinstance(closed, int), closed
        if closed:
            assert isinstance(rated, RuleViolation)
            assert rated.code == "over"
            assert (question.closing, ends_of(question)) == (Closing.UNRATED, ["closed"])
            assert (feedback.score, question.score) == (None, None)
        else:
            assert isinstance(rated, Feedback), rated
            second = "reopened" if score == 1 else "closed"
            assert ends_of(question) == ["rated", second]
            assert (feedback.score, question.score) == (score, score)
            assert question.closes_on is None


def test_of_two_ratings_at_once_the_second_is_told(office: Office) -> None:
    feedback = a_feedback(office, now=NOW)
    outcomes = at_once(
        lambda: rate_feedback(feedback=feedback, score=5, now=NOW),
        lambda: rate_feedback(feedback=feedback, score=1, now=NOW),
    )
    first, second = sorted(outcomes, key=lambda one: isinstance(one, Exception))
    assert isinstance(second, RuleViolation)
    assert second.code == "rated"
    feedback.refresh_from_db()
    assert feedback.score == first.score
    assert ends_of(feedback.question) == ["rated", "closed" if first.score == 5 else "reopened"]
