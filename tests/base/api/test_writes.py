"""A creation sent twice happens once, whatever comes between."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from kfq_crm.base.api.writes import KEPT, forget_old
from kfq_crm.base.models import RepeatableWrite
from leads.models import Lead
from tests.api_cast import BASE, ClientOf, Program
from tests.base.api.test_bad_input import refused
from tests.cast import Cast
from tests.threads import at_once

pytestmark = pytest.mark.django_db
LEADS = f"{BASE}/leads/"
LEAD = {
    "title": "航空发动机叶片",
    "investor": "江苏甲精密部件有限公司",
    "chain": "aerospace",
    "source": "visit",
}


def create(program: Program, key: str | None = "first", **changes: Any) -> Any:
    headers = {} if key is None else {"idempotency-key": key}
    return program.post(LEADS, {**LEAD, **changes}, headers=headers)


def test_same_request_gets_the_same_answer_and_writes_once(program: Program) -> None:
    first, second = create(program), create(program)
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    for header in ("ETag", "Location"):
        assert first.headers[header] == second.headers[header]
    assert second.headers["Idempotent-Replay"] == "true"
    assert "Idempotent-Replay" not in first.headers
    assert Lead.objects.count() == 1


def test_order_of_members_is_no_difference(program: Program) -> None:
    create(program)
    turned = dict(reversed(LEAD.items()))
    answer = program.post(LEADS, turned, headers={"idempotency-key": "first"})
    assert answer.headers["Idempotent-Replay"] == "true"


def test_another_request_with_the_key_is_refused(program: Program) -> None:
    create(program)
    refused(create(program, title="另一个项目"), 422, "idempotency_key_reused")
    assert Lead.objects.count() == 1


def test_key_is_each_tokens_own(cast: Cast, client_of: ClientOf) -> None:
    create(client_of(cast.member_a))
    other = create(client_of(cast.member_a), title="另一个项目", investor="上海乙公司")
    assert other.status_code == 201
    assert Lead.objects.count() == 2


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency_key_missing"),
        ("", "idempotency_key_missing"),
        ("a b", "idempotency_key_invalid"),
        ("é", "idempotency_key_invalid"),
        ("k" * 256, "idempotency_key_invalid"),
    ],
)
def test_creation_without_a_good_key_is_refused(
    program: Program, key: str | None, code: str
) -> None:
    [error] = refused(create(program, key), 400)["errors"]
    assert (error["field"], error["code"]) == ("Idempotency-Key", code)
    assert not Lead.objects.exists()


def test_refused_creation_leaves_no_trace_and_may_be_corrected(program: Program) -> None:
    assert create(program, title="").status_code == 422
    assert create(program, source="hearsay").status_code == 400
    assert not RepeatableWrite.objects.exists()
    assert create(program).status_code == 201


def test_answer_is_kept_for_a_day(program: Program) -> None:
    with time_machine.travel("2026-03-10 09:00+08:00", tick=False) as clock:
        create(program)
        assert forget_old() == 0
        clock.shift(KEPT - timedelta(seconds=1))
        assert create(program).headers["Idempotent-Replay"] == "true"
        clock.shift(timedelta(seconds=1))
        again = create(program, title="另一个项目", investor="上海乙公司")
        assert again.status_code == 201
        clock.shift(KEPT)
        assert forget_old(timezone.now()) == 1
    assert not RepeatableWrite.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_write_once(program: Program) -> None:
    token = program.text

    def send() -> Any:
        sender = Program(raise_request_exception=False)
        sender.credentials(HTTP_AUTHORIZATION=f"Token {token}")
        return create(sender)

    answers = at_once(*[send] * 4)
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] == 201
    assert set(statuses) <= {201, 409}
    for answer in answers:
        if answer.status_code == 409:
            refused(answer, 409, "in_progress")
            assert answer.headers["Retry-After"] == "1"
    assert Lead.objects.count() == 1
    assert create(program).headers["Idempotent-Replay"] == "true"


# --- Bodies ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"1",
        b"NaN",
        b'{"title": NaN}',
        b'{"title": "a", "title": "b"}',
        b"\xff\xfe",
        b'{"title": "\xe9"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"title": ' + b"9" * 5_000 + b"}",
    ],
)
def test_body_that_is_no_object_is_refused(program: Program, body: bytes) -> None:
    answer = program.generic(
        "POST", LEADS, body, content_type="application/json", headers={"idempotency-key": "x"}
    )
    assert answer.status_code == 400, answer.content.decode()
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("title", ["a\x00b", 5, None, True, [], {}, "长" * 200, "9" * 9999])
def test_title_that_no_column_holds_is_refused_at_its_member(program: Program, title: Any) -> None:
    problem = create(program, title=title)
    assert problem.status_code in {400, 422}
    assert [error["field"] for error in problem.json()["errors"]] == ["title"]


def test_half_of_a_character_is_refused(program: Program) -> None:
    body = json.dumps({**LEAD, "title": "\ud800"}).encode()
    answer = program.generic(
        "POST", LEADS, body, content_type="application/json", headers={"idempotency-key": "x"}
    )
    assert [error["field"] for error in refused(answer, 400)["errors"]] == ["title"]


def test_unknown_member_is_refused_and_the_known_are_listed(program: Program) -> None:
    [error] = refused(create(program, stage="signed"), 400)["errors"]
    assert (error["field"], error["code"]) == ("stage", "unknown_member")
    assert "title" in error["message"]


def test_body_that_is_too_large_is_refused(program: Program) -> None:
    answer = create(program, title="长" * 1_000_000)
    refused(answer, 413, "too_large")


def test_form_is_no_json(program: Program) -> None:
    answer = program.generic(
        "POST",
        LEADS,
        b"title=a",
        content_type="application/x-www-form-urlencoded",
        headers={"idempotency-key": "x"},
    )
    refused(answer, 415, "unsupported_media_type")
