"""Questions for programs: rows, filters, and what is told only with the right to personal data."""

import pytest

from kfq_crm.base.models import Change, TokenScope
from services.actions.handling import answer_question
from services.models import Question
from tests.services.questions.office import Office, a_feedback, a_question, a_verified, at

pytestmark = pytest.mark.django_db
READ = TokenScope.LEADS_READ
PERSONAL = TokenScope.CONTACTS_READ
NOW = at("2024-11-18")


def test_a_program_reads_what_its_owner_sees(client_of, office: Office) -> None:
    mine = a_verified(office, now=NOW)
    a_question(office, now=NOW)
    program = client_of(office.clerk, scopes=[READ])
    (row,) = program.rows("/questions/")
    assert (row["id"], row["state"], row["answer_by"]) == (mine.pk, "verified", "2024-11-20")
    assert row["department"]["code"] == "housing"


def test_words_and_names_need_the_right_to_personal_data(client_of, office: Office) -> None:
    a_verified(office, now=NOW)
    plain = client_of(office.clerk, scopes=[READ]).rows("/questions/")[0]
    assert not {"title", "text", "place", "contact_name"} & plain.keys()
    full = client_of(office.clerk, scopes=[READ, PERSONAL]).rows("/questions/")[0]
    assert (full["title"], full["contact_name"]) == ("厂房加层手续怎么办", "周敏")
    assert not {"contact_phone", "contact_email", "asked_from"} & full.keys()


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ({"state": "verified"}, 1),
        ({"state": "fed_back,closed"}, 1),
        ({"department": "housing"}, 2),
        ({"category": "building"}, 2),
        ({"overdue": "true"}, 1),
        ({"late": "false"}, 2),
        ({"source": "link"}, 0),
    ],
)
def test_filters(client_of, office: Office, asked: dict, number: int) -> None:
    a_verified(office, now=NOW)
    a_feedback(office, now=NOW)
    program = client_of(office.service, scopes=[READ])
    assert len(program.rows("/questions/", **asked)) == number


@pytest.mark.parametrize("rows", [1, 30])
def test_the_list_asks_as_often_at_one_row_as_at_thirty(
    client_of, office: Office, django_assert_num_queries, rows: int
) -> None:
    for _ in range(rows):
        a_verified(office, now=NOW)
    program = client_of(office.service, scopes=[READ, PERSONAL])
    program.rows("/questions/")
    with django_assert_num_queries(LIST_QUERIES):
        program.rows("/questions/")


def test_each_step_is_a_change(office: Office) -> None:
    question = a_verified(office, now=NOW)
    answer_question(question=question, answer="已安排", by=office.clerk, now=NOW)
    assert Question.objects.get().state == "answered"
    told = Change.objects.filter(resource="questions", object_id=question.pk)
    assert told.count() >= 3  # taken in, verified, answered


LIST_QUERIES = 10
