"""A program logs a lead: as the form does, once, and told no more than the form tells."""

from decimal import Decimal
from typing import Any

import pytest

from leads.models import Contact, Lead
from leads.stages import Stage
from tests.api_cast import BASE, ClientOf, Program
from tests.cast import Cast
from tests.factories import SegmentFactory, a_uscc, log_a_lead
from tests.leads.api.asking import NEW, TALK, rows, send, told


def test_lead_is_logged_with_what_was_sent(cast: Cast, program: Program) -> None:
    segment = SegmentFactory(code="drones", chain=cast.chain_a)
    answer = send(
        program,
        "/leads/",
        {
            **NEW,
            "uscc": a_uscc(7),
            "contact_name": "王经理",
            "contact_phone": "13812345678",
            "segment": "drones",
            "secondary_chains": ["new-materials"],
            "investment": "约3.2亿",
            "fixed_investment": "２亿元",
            "land_mu": "1,200.5",
            "plant_m2": 800,
        },
    )
    assert answer.status_code == 201, answer.json()
    lead = Lead.objects.get()
    assert answer.json() == program.ask(f"/leads/{lead.pk}/").json()
    assert answer.headers["Location"].endswith(f"{BASE}/leads/{lead.pk}/")
    assert answer.headers["ETag"] == f'"{lead.version}"'
    assert (lead.owner, lead.logged_by, lead.stage) == (cast.member_a, cast.member_a, Stage.LEAD)
    assert (lead.investment, lead.fixed_investment) == (Decimal(32000), Decimal(20000))
    assert (lead.currency, lead.band, lead.amount_is_estimate) == ("CNY", "B", True)
    assert (lead.land_mu, lead.plant_m2, lead.segment) == (Decimal("1200.5"), 800, segment)
    assert list(lead.secondary_chains.all()) == [cast.chain_b]
    assert lead.enterprise.uscc == a_uscc(7)
    assert Contact.objects.get().owner == cast.member_a
    assert lead.duplicates_checked_at


def test_company_of_another_team_is_refused_and_nothing_more_is_told(
    cast: Cast, client_of: ClientOf, program: Program
) -> None:
    log_a_lead(
        by=cast.member_b,
        investor=NEW["investor"],
        title="机密项目甲",
        confidential=True,
        code_name="海燕",
        uscc=a_uscc(7),
    )
    before = rows()
    answer = send(program, "/leads/", {**NEW, "investor": "航天信控动力有限公司"})
    assert told(answer) == (422, "claim_held", [("investor", "claim_held")])
    said = answer.content.decode()
    assert "新材料专班" in said
    assert not any(word in said for word in ("海燕", "机密", a_uscc(7), "member_b", "XS0"))
    assert rows() == before


BAD_LEADS: list[tuple[dict[str, Any], int, str, list[tuple[str, str]]]] = [
    ({"title": ""}, 422, "required", [("title", "required")]),
    ({"title": "长" * 121}, 400, "invalid", [("title", "max_length")]),
    ({"title": "零\x00"}, 400, "invalid", [("title", "null_characters_not_allowed")]),
    ({"investor": "　"}, 422, "required", [("investor", "required")]),
    ({"investor": 7.5e300}, 400, "invalid", [("investor", "not_text")]),
    ({"chain": "atlantis"}, 400, "invalid", [("chain", "unknown")]),
    ({"chain": 1}, 400, "invalid", [("chain", "unknown")]),
    ({"chain": "new-materials"}, 403, "not_your_chain", [("chain", "not_your_chain")]),
    ({"owner": 999999}, 400, "invalid", [("owner", "unknown")]),
    ({"owner": "outsider"}, 422, "not_in_team", [("owner", "not_in_team")]),
    ({"owner": "disabled"}, 422, "not_in_team", [("owner", "not_in_team")]),
    ({"source": "gossip"}, 400, "invalid", [("source", "invalid_choice")]),
    ({"uscc": "91321282000000007X"}, 400, "invalid", [("uscc", "uscc_check_digit")]),
    ({"uscc": "9132"}, 400, "invalid", [("uscc", "uscc_length")]),
    ({"contact_phone": "12"}, 400, "invalid", [("contact_phone", "phone_invalid")]),
    (
        {"contact_phone": "13812345678"},
        422,
        "contact_name",
        [("contact_name", "contact_name")],
    ),
    ({"investment": "3000"}, 400, "invalid", [("investment", "amount_unit_missing")]),
    ({"investment": 3000}, 400, "invalid", [("investment", "not_text")]),
    ({"investment": "三亿"}, 400, "invalid", [("investment", "amount_invalid")]),
    ({"investment": "-3亿"}, 400, "invalid", [("investment", "amount_negative")]),
    ({"investment": "0元"}, 422, "amount", [("investment", "amount")]),
    ({"investment": "3亿欧元"}, 400, "invalid", [("investment", "amount_currency_unknown")]),
    (
        {"investment": "3亿元", "fixed_investment": "500万美元"},
        400,
        "invalid",
        [("fixed_investment", "amount_currencies")],
    ),
    (
        {"investment": "1亿元", "fixed_investment": "2亿元"},
        422,
        "fixed_above_total",
        [("fixed_investment", "fixed_above_total")],
    ),
    ({"land_mu": "1e3"}, 400, "invalid", [("land_mu", "invalid")]),
    ({"land_mu": "-1"}, 422, "min_value", [("land_mu", "min_value")]),
    ({"land_mu": True}, 400, "invalid", [("land_mu", "not_text")]),
    ({"segment": "rivers"}, 400, "invalid", [("segment", "unknown")]),
    ({"secondary_chains": ["atlantis"]}, 400, "invalid", [("secondary_chains.0", "unknown")]),
    (
        {"secondary_chains": ["aerospace"]},
        422,
        "primary_chain",
        [("secondary_chains", "primary_chain")],
    ),
    ({"outpost": 999999}, 400, "invalid", [("outpost", "unknown")]),
    (
        {"next_action_on": "2026-03-01"},
        422,
        "next_action_day",
        [("next_action_on", "next_action_day")],
    ),
    (
        {"next_action_on": "2026-03-07"},
        422,
        "next_action_day",
        [("next_action_on", "next_action_day")],
    ),
    ({"next_action_on": "2026-02-30"}, 400, "invalid", [("next_action_on", "date_invalid")]),
    ({"next_action_on": "2026年3月"}, 400, "invalid", [("next_action_on", "date_day_missing")]),
    ({"confidential": True}, 422, "code_name", [("code_name", "code_name")]),
    ({"stage": "signed"}, 400, "invalid", [("stage", "unknown_member")]),
    ({"readers": [1]}, 400, "invalid", [("readers", "unknown_member")]),
]


@pytest.mark.parametrize(("wrong", "status", "code", "errors"), BAD_LEADS)
def test_bad_lead_is_refused_at_its_member(
    cast: Cast,
    program: Program,
    wrong: dict[str, Any],
    status: int,
    code: str,
    errors: list[tuple[str, str]],
) -> None:
    if isinstance(wrong.get("owner"), str):
        wrong = {"owner": getattr(cast, wrong["owner"]).pk}
    before = rows()
    assert told(send(program, "/leads/", {**NEW, **wrong})) == (status, code, errors)
    assert rows() == before


@pytest.mark.parametrize("body", [[], "text", 7, None])
def test_body_that_is_no_object_is_refused(program: Program, body: Any) -> None:
    answer = program.post(f"{BASE}/leads/", body, headers={"Idempotency-Key": "a"})
    assert answer.status_code == 400
    assert not Lead.objects.exists()


def test_creation_wants_its_key(program: Program) -> None:
    answer = program.post(f"{BASE}/leads/", NEW)
    assert told(answer)[:2] == (400, "invalid")
    assert not Lead.objects.exists()


def test_creation_sent_again_gets_the_first_answer(program: Program) -> None:
    first = send(program, "/leads/", NEW, Idempotency_Key="once")
    again = send(program, "/leads/", NEW, Idempotency_Key="once")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Idempotent-Replay"] == "true"
    other = send(program, "/leads/", {**NEW, "title": "另一个"}, Idempotency_Key="once")
    assert told(other)[:2] == (422, "idempotency_key_reused")
    assert Lead.objects.count() == 1


def test_refused_creation_may_be_sent_again_corrected(program: Program) -> None:
    assert send(program, "/leads/", {**NEW, "title": ""}, Idempotency_Key="once").status_code == 422
    assert send(program, "/leads/", NEW, Idempotency_Key="once").status_code == 201


def test_same_lead_with_another_key_is_told_its_number(program: Program) -> None:
    send(program, "/leads/", NEW)
    answer = send(program, "/leads/", NEW)
    assert told(answer) == (422, "logged_before", [("title", "logged_before")])
    assert Lead.objects.get().number in answer.json()["detail"]


def test_answer_to_a_write_may_be_a_table_also_when_it_is_given_again(program: Program) -> None:
    headers = {"Idempotency_Key": "once", "Accept": "text/csv"}
    first = send(program, "/leads/", NEW, **headers)
    again = send(program, "/leads/", NEW, **headers)
    lead = Lead.objects.get()
    assert first.content.decode("utf-8-sig").splitlines()[1].startswith(f"{lead.pk},{lead.number},")
    assert again.content == first.content
    talk = send(
        program, f"/leads/{lead.pk}/follow-ups/", TALK, **headers | {"Idempotency_Key": "b"}
    )
    assert talk.content.decode("utf-8-sig").startswith("id,lead,occurred_at,")
