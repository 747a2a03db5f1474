"""Nothing is ignored: what cannot be read is refused at its name, in one shape."""

from typing import Any

import pytest

from chains.models import AnnualTarget, Metric
from tests.api_cast import BASE, Program

pytestmark = pytest.mark.django_db

PROBLEM = {"type", "title", "status", "detail", "instance", "code", "errors"}


def refused(answer: Any, status: int, code: str = "invalid") -> dict[str, Any]:
    """The problem document, checked for its shape."""
    assert answer.status_code == status, answer.content.decode()
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert set(problem) >= PROBLEM
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["title"]
    assert problem["detail"]
    return problem


@pytest.mark.parametrize(
    ("parameters", "field", "code"),
    [
        ({"colour": "red"}, "colour", "unknown_parameter"),
        ({"kind__in": "core"}, "kind__in", "unknown_parameter"),
        ({"kind": "river"}, "kind", "unknown_value"),
        ({"kind": "core,"}, "kind", "list_invalid"),
        ({"kind": ""}, "kind", "parameter_empty"),
        ({"kind": ["core", "chain"]}, "kind", "parameter_repeated"),
        ({"kind": "core\x00"}, "kind", "invalid"),
        ({"code": "atlantis"}, "code", "unknown_record"),
        ({"fields": "name,colour"}, "fields", "unknown_field"),
        ({"fields": ","}, "fields", "unknown_field"),
        ({"ordering": "name"}, "ordering", "unknown_ordering"),
        ({"ordering": "--id"}, "ordering", "unknown_ordering"),
        ({"page_size": "0"}, "page_size", "page_size_invalid"),
        ({"page_size": "1001"}, "page_size", "page_size_invalid"),
        ({"page_size": "-1"}, "page_size", "page_size_invalid"),
        ({"page_size": "1e2"}, "page_size", "page_size_invalid"),
        ({"page_size": "9" * 5000}, "page_size", "page_size_invalid"),
        ({"cursor": "abc"}, "cursor", "cursor_invalid"),
        ({"cursor": "WyJhIiwgMSwgMl0:bad"}, "cursor", "cursor_invalid"),
        (
            {"cursor": "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")},
            "cursor",
            "cursor_invalid",
        ),
        ({"format": "pdf"}, "format", "unknown_format"),
        ({"format": ""}, "format", "unknown_format"),
    ],
)
def test_list_refuses_at_the_parameter(
    program: Program, parameters: dict[str, Any], field: str, code: str
) -> None:
    problem = refused(program.ask("/chains/", **parameters), 400)
    assert [(e["field"], e["code"]) for e in problem["errors"]] == [(field, code)]


def test_unknown_parameter_lists_the_known_ones(program: Program) -> None:
    [error] = refused(program.ask("/chains/", colour="red"), 400)["errors"]
    assert "colour" in error["message"]
    for known in ("kind", "code", "cursor", "page_size", "ordering", "fields", "format"):
        assert known in error["message"]


def test_all_errors_are_told_at_once(program: Program) -> None:
    problem = refused(program.ask("/annual-targets/", year="x", scope="y", chain="z"), 400)
    assert {e["field"] for e in problem["errors"]} == {"year", "scope", "chain"}


@pytest.mark.parametrize(
    "year", ["二〇二六", "2026.5", "-1", "1_000", "NaN", "99999999999999999999", "2026年"]
)
def test_number_that_is_none_is_refused(program: Program, year: str) -> None:
    [error] = refused(program.ask("/annual-targets/", year=year), 400)["errors"]
    assert (error["field"], error["code"]) == ("year", "number_invalid")


def test_full_width_digits_are_digits(program: Program) -> None:
    metric = Metric.objects.create(code="signings", name="签约")
    AnnualTarget.objects.create(year=2026, metric=metric, value=3)
    assert len(program.rows("/annual-targets/", year="２０２６")) == 1
    assert len(program.rows("/annual-targets/", page_size="１０")) == 1


@pytest.mark.parametrize("key", ["0", "-1", "x", "1.0", "９", "9" * 30, "1%00", "%F0%9F%98%80"])
def test_key_that_is_none_is_missing(program: Program, key: str) -> None:
    refused(program.get(f"{BASE}/chains/{key}/"), 404, "not_found")


def test_cursor_is_good_for_its_own_list_only(program: Program) -> None:
    following = program.ask("/chains/", page_size=1).json()["next"]
    cursor = following.split("cursor=")[1].split("&")[0]
    for more in ("kind=chain", "ordering=-order"):
        answer = program.get(f"{BASE}/chains/?page_size=1&{more}&cursor={cursor}")
        [error] = refused(answer, 400)["errors"]
        assert error["code"] == "cursor_of_another_list"
    answer = program.get(f"{BASE}/segments/?cursor={cursor}")
    assert refused(answer, 400)["errors"][0]["code"] == "cursor_of_another_list"


@pytest.mark.parametrize(
    "path", ["/nothing/", "/chains", "/chains/1", "/chains/1/2/", "//", "/v2/"]
)
def test_address_that_leads_nowhere_is_told_so(program: Program, path: str) -> None:
    refused(program.get(BASE + path), 404, "no_such_address")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_method_that_is_not_there_is_refused(program: Program, method: str) -> None:
    answer = getattr(program, method)(f"{BASE}/chains/")
    refused(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


def test_accept_of_something_else_is_refused(program: Program) -> None:
    answer = program.get(f"{BASE}/chains/", headers={"accept": "application/pdf"})
    refused(answer, 406, "not_acceptable")


def test_problem_is_told_in_the_readers_language(program: Program) -> None:
    chinese = program.ask("/chains/", colour="x").json()
    english = program.get(f"{BASE}/chains/?colour=x", headers={"accept-language": "en"}).json()
    assert english["title"] == "Bad request"
    assert chinese["title"] != english["title"]
    after = program.ask("/chains/", colour="x").json()
    assert after["title"] == chinese["title"]  # the process speaks no longer English


def test_fault_of_our_own_tells_nothing_of_itself(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("password is hunter2")

    monkeypatch.setattr("kfq_crm.base.api.paging.read_page", broken)
    answer = program.ask("/chains/")
    refused(answer, 500, "error")
    assert "hunter2" not in answer.content.decode()
    assert "Traceback" not in answer.content.decode()
