"""What everybody reads names nobody who asked, however it is spelled, and tells no secret."""

import pytest
from django.test import Client

from kfq_crm.base.errors import RuleViolation
from services.actions.knowledge import keep_answer, update_entry
from services.models import KnowledgeEntry, Question
from tests.services.questions.office import Office, a_feedback

pytestmark = pytest.mark.django_db
GENERAL = {"title": "厂房加层需要哪些手续", "answer": "先办规划许可变更。", "basis": ""}
VERB = "/admin/services/question/{}/keep-answer/"


@pytest.mark.parametrize(
    ("contact", "said"),
    [
        ({}, "靖江恒昌动力有限公司已办。"),
        ({}, "靖江 恒昌动力 有限公司已办。"),
        ({}, "恒昌动力公司已办。"),
        ({}, "江苏省恒昌·动力已办。"),
        ({"contact_name": "Zhou Min"}, "请找ＺＨＯＵ　ＭＩＮ。"),
        ({}, "请找周 敏。"),
        ({}, "电话138 1234-5678。"),
        ({}, "电话+86 １３８１２３４５６７８。"),
        ({"contact_phone": "0523-84831234"}, "电话（0523）8483 1234。"),
        ({"contact_phone": "0523-84831234"}, "电话84831234。"),
        ({}, "写信到 ZHOU.MIN@example.com。"),
    ],
)
def test_who_asked_is_found_in_other_spellings(office: Office, contact: dict, said: str) -> None:
    question = a_feedback(office, **contact).question
    for field in GENERAL:
        with pytest.raises(RuleViolation) as refused:
            keep_answer(question=question, values={**GENERAL, field: said}, by=office.clerk)
        assert (refused.value.code, refused.value.field) == ("names", field)


@pytest.mark.parametrize(
    ("contact", "said"),
    [
        ({"contact_name": "An", "contact_phone": ""}, "Any plan can be handed in."),
        ({"contact_name": "周"}, "一周内办结。"),
        ({"contact_name": "", "contact_phone": "", "contact_email": ""}, "先办变更。"),
        ({}, "依据苏政发〔2023〕138号、第12345条办理。"),
    ],
)
def test_general_words_are_no_names(office: Office, contact: dict, said: str) -> None:
    question = a_feedback(office, **contact).question
    assert keep_answer(question=question, values={**GENERAL, "answer": said}, by=office.clerk).pk


def test_a_correction_names_nobody_either(office: Office) -> None:
    entry = keep_answer(question=a_feedback(office).question, values=GENERAL, by=office.clerk)
    with pytest.raises(RuleViolation):
        update_entry(entry=entry, values={"answer": "恒昌 动力已办"}, by=office.service)


def test_nothing_is_kept_of_a_confidential_question(client: Client, office: Office) -> None:
    question = a_feedback(office, confidential=True).question
    with pytest.raises(RuleViolation) as refused:
        keep_answer(question=question, values=GENERAL, by=office.clerk)
    assert refused.value.code == "confidential"
    client.force_login(office.clerk)
    page = client.get(f"/admin/services/question/{question.pk}/page/").content.decode()
    assert VERB.format(question.pk) not in page
    question.refresh_from_db()
    form = {**GENERAL, "expected_version": question.version}
    address = VERB.format(question.pk)
    assert 'name="expected_version"' not in client.get(address).content.decode()
    client.post(address, form)
    assert not KnowledgeEntry.objects.exists()


def test_an_answer_of_another_question_is_offered_to_keep(client: Client, office: Office) -> None:
    question: Question = a_feedback(office).question
    client.force_login(office.clerk)
    page = client.get(f"/admin/services/question/{question.pk}/page/").content.decode()
    assert VERB.format(question.pk) in page
