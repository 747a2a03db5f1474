"""Pages of promises, look-backs and rectification: what stands there, who may do what."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects
from zeal import zeal_context

from leads.actions.rectifications import order_rectification
from leads.models import Commitment, Contract, LookBack, Rectification
from tests.cast import Cast
from tests.leads.admin.browsing import as_, picture
from tests.leads.promising import (
    a_look_back,
    a_promise,
    a_signed_contract,
    ago,
    ahead,
    judge,
    measure,
    reach,
    rules,
)


def url(record: Any, name: str = "page", **query: Any) -> str:
    kind = record._meta.model_name
    return reverse(f"admin:leads_{kind}_{name}", args=[record.pk], query=query or None)


def lists(name: str, **query: str) -> str:
    return reverse(f"admin:leads_{name}_changelist", query=query or None)


def send(client: Client, record: Any, name: str, address: str = "", **values: Any) -> Any:
    record.refresh_from_db()
    version = getattr(record, "version", "")
    return client.post(address or url(record, name), {"expected_version": version, **values})


@pytest.fixture
def contract(cast: Cast) -> Contract:
    rules()
    return a_signed_contract(cast.member_a)


@pytest.fixture
def promise(cast: Cast, contract: Contract) -> Commitment:
    return a_promise(contract, cast.member_a, metric="新增就业", due_on=ago(3))


@pytest.fixture
def look_back(contract: Contract) -> LookBack:
    return a_look_back(contract)


# --- Both sides beside each other -----------------------------------------------------------


def test_contract_and_project_show_both_sides_alike(
    client: Client, cast: Cast, contract: Contract, promise: Commitment
) -> None:
    a_promise(contract, cast.member_a, side="zone", metric="净地交付", due_on=ago(30))
    project = reach(contract, "completed", ago(10))
    for page in (url(contract), url(project)):
        answer = as_(client, cast.member_a).get(page)
        for words in ("新增就业", "净地交付", 'class="p-side"', 'id="commitments"'):
            assertContains(answer, words)


def test_promise_page_tells_values_verdicts_and_tasks(
    client: Client, cast: Cast, promise: Commitment
) -> None:
    measure(promise, 90, cast.member_a, measured_on=ago(100), evidence="社保名册一")
    measure(promise, 120, cast.member_a, measured_on=ago(5), evidence="社保名册二")
    judge(promise, "not_met", cast.member_a, actual=Decimal(120), reason="招工不足")
    order_rectification(
        commitment=promise, task="补招用工", owner=cast.member_a, due_on=ahead(9), by=cast.head_a
    )
    answer = as_(client, cast.second_member_a).get(url(promise))
    for words in ("社保名册一", "社保名册二", "招工不足", "补招用工", "<svg", "polyline"):
        assertContains(answer, words)


def test_promise_without_an_amount_has_no_pace(
    client: Client, cast: Cast, contract: Contract
) -> None:
    road = a_promise(contract, cast.member_a, metric="修路", promised=None, unit="")
    assertNotContains(as_(client, cast.member_a).get(url(road)), "<svg")


# --- Verbs ----------------------------------------------------------------------------------


def test_value_is_noted_and_withdrawn(client: Client, cast: Cast, promise: Commitment) -> None:
    as_(client, cast.member_a)
    sent = {"measured_on": f"{ago(1):%Y.%m.%d}", "value": "１２０", "evidence": "名册"}
    answer = send(client, promise, "measure", **sent, file=picture())
    assertRedirects(answer, url(promise))
    measured = promise.measures.get()
    assert (measured.value, measured.files.count()) == (Decimal(120), 1)
    assertRedirects(send(client, measured, "withdraw", reason="录错"), url(promise))
    promise.refresh_from_db()
    assert promise.measured is None


def test_refused_value_is_shown_at_its_field(
    client: Client, cast: Cast, promise: Commitment
) -> None:
    sent = {"measured_on": f"{ahead(1)}", "value": "1_000", "evidence": "名册"}
    answer = send(as_(client, cast.member_a), promise, "measure", **sent)
    assert set(answer.context["form"].errors) == {"value"}
    answer = send(client, promise, "measure", **{**sent, "value": "10"})
    assert set(answer.context["form"].errors) == {"measured_on"}


def test_verdict_outside_of_a_look_back_returns_to_the_promise(
    client: Client, cast: Cast, promise: Commitment
) -> None:
    sent = {"verdict": "met", "actual": "300", "judged_on": f"{ago(0)}", "evidence": "名册"}
    assertRedirects(send(as_(client, cast.member_a), promise, "judge", **sent), url(promise))
    promise.refresh_from_db()
    assert promise.verdict == "met"


def test_outdated_page_records_no_second_verdict(
    client: Client, cast: Cast, promise: Commitment
) -> None:
    promise.refresh_from_db()
    seen = promise.version
    judge(promise, "not_met", cast.head_a, actual=Decimal(0))
    sent = {"verdict": "met", "actual": "300", "judged_on": f"{ago(0)}", "evidence": "名册"}
    as_(client, cast.member_a).post(url(promise, "judge"), {"expected_version": seen, **sent})
    assert promise.verdicts.count() == 1


@pytest.mark.parametrize("verb", ["amend", "measure", "judge", "rectify"])
def test_verbs_of_a_promise_are_the_teams(
    client: Client, cast: Cast, promise: Commitment, verb: str
) -> None:
    for who, status in (
        ("member_a", 200),
        ("head_a", 200),
        ("coordinator", 200),
        ("chain_leader_a", 403),
        ("member_b", 404),
        ("outsider", 404),
    ):
        answer = as_(client, getattr(cast, who)).get(url(promise, verb))
        assert answer.status_code == status, who


# --- A look-back ----------------------------------------------------------------------------


def test_look_back_finds_a_promise_missed_and_somebody_puts_it_right(
    client: Client, cast: Cast, look_back: LookBack, promise: Commitment
) -> None:
    as_(client, cast.member_a)
    page = client.get(url(look_back))
    assert page.context["first_open"] == promise.pk
    judge_it = url(promise, "judge", look_back=look_back.pk)
    assertContains(page, judge_it)
    assertContains(client.get(url(look_back, "conclude")), 'id="lacking"')
    sent = {
        "verdict": "not_met",
        "actual": "120",
        "judged_on": f"{ago(0)}",
        "reason": "招工不足",
        "task": "补招用工",
        "owner": cast.second_member_a.pk,
        "due_on": f"{ahead(30)}",
    }
    answer = send(client, promise, "judge", judge_it, **sent)
    assertRedirects(answer, f"{url(look_back)}#promise-{promise.pk}", fetch_redirect_response=False)
    task = Rectification.objects.get()
    assert (task.owner, task.verdict.look_back) == (cast.second_member_a, look_back)
    answer = send(
        client, look_back, "conclude", held_on=f"{ago(0)}", conclusion="一项未兑现，已下达整改"
    )
    assertRedirects(answer, url(look_back))
    assertContains(client.get(url(look_back)), "一项未兑现，已下达整改")
    as_(client, cast.second_member_a)
    assertContains(client.get(lists("rectification")), "补招用工")
    done = send(client, task, "done", result="招满300人", evidence="社保名册")
    assertRedirects(done, url(task))
    assertContains(client.get(url(task)), "招满300人")


def test_look_back_of_another_contract_is_not_named_in_an_address(
    client: Client, cast: Cast, look_back: LookBack
) -> None:
    other = a_promise(a_signed_contract(cast.member_a), cast.member_a)
    as_(client, cast.member_a)
    for asked in (look_back.pk, "abc", "0", "９", "1" * 40):
        assert client.get(url(other, "judge", look_back=asked)).status_code == 404


def test_concluded_look_back_takes_no_verdict(
    client: Client, cast: Cast, look_back: LookBack
) -> None:
    as_(client, cast.member_a)
    send(client, look_back, "conclude", held_on=f"{ago(0)}", conclusion="没有到期承诺")
    for verb in ("move", "conclude"):
        assertNotContains(client.get(url(look_back, verb)), '<button type="submit" class="o-button')


def test_look_backs_and_tasks_are_hidden_with_their_lead(
    client: Client, cast: Cast, look_back: LookBack, promise: Commitment
) -> None:
    task = order_rectification(
        commitment=promise, task="补招", owner=cast.member_a, due_on=ahead(9), by=cast.member_a
    )
    for who, status in (("chain_leader_a", 200), ("member_b", 404), ("outsider", 404)):
        as_(client, getattr(cast, who))
        for record in (look_back, promise, task):
            assert client.get(url(record)).status_code == status, (who, record)
    lead = look_back.contract.lead
    lead.confidential, lead.code_name = True, "启明"
    type(lead).objects.filter(pk=lead.pk).update(confidential=True, code_name="启明")
    as_(client, cast.coordinator)
    for record in (look_back, promise, task):
        assert client.get(url(record)).status_code == 404
    for name in ("lookback", "commitment", "rectification"):
        assert not client.get(lists(name, tab="all")).context["cl"].result_count


# --- Lists ----------------------------------------------------------------------------------


def test_tabs_of_look_backs(client: Client, cast: Cast, contract: Contract) -> None:
    late = a_look_back(contract, months_ago=1)
    coming = a_look_back(a_signed_contract(cast.member_a), months_ago=-2)
    held = a_look_back(a_signed_contract(cast.member_a))
    as_(client, cast.member_a)
    send(client, held, "conclude", held_on=f"{ago(0)}", conclusion="没有到期承诺")
    for tab, expected in (
        ("due", {late, coming}),
        ("overdue", {late}),
        ("all", {late, coming, held}),
    ):
        found = client.get(lists("lookback", tab=tab)).context["cl"].result_list
        assert set(found) == expected, tab


def test_tabs_of_promises(client: Client, cast: Cast, contract: Contract) -> None:
    by = cast.member_a
    late = a_promise(contract, by, due_on=ago(1))
    fine = a_promise(contract, by, promised=None, unit="")
    missed = a_promise(contract, by, due_on=ago(1))
    judge(missed, "not_met", by, actual=Decimal(0))
    as_(client, by)
    for tab, expected in (
        ("danger", {late}),
        ("open", {late, fine}),
        ("missed", {missed}),
        ("all", {late, fine, missed}),
    ):
        found = client.get(lists("commitment", tab=tab)).context["cl"].result_list
        assert set(found) == expected, tab


def fill(cast: Cast, contract: Contract, promises: int) -> None:
    by = cast.member_a
    for number in range(promises):
        promise = a_promise(contract, by, metric=f"承诺{number}", due_on=ago(number))
        judge(promise, "not_met", by, actual=Decimal(number))
        order_rectification(
            commitment=promise, task=f"整改{number}", owner=by, due_on=ahead(9), by=by
        )


PINS = {"commitment": 7, "rectification": 9}


@pytest.mark.parametrize("promises", [1, 50])
def test_pages_ask_as_often_for_fifty_promises_as_for_one(
    client: Client, cast: Cast, contract: Contract, promises: int, django_assert_num_queries: Any
) -> None:
    look_back = a_look_back(contract)
    fill(cast, contract, promises)
    as_(client, cast.member_a).get(reverse("admin:index"))
    for name, pin in PINS.items():
        with django_assert_num_queries(pin), zeal_context():
            answer = client.get(lists(name, tab="all"))
        assert len(answer.context["cl"].result_list) == promises
    with django_assert_num_queries(14), zeal_context():
        client.get(url(look_back))
    with django_assert_num_queries(16), zeal_context():
        client.get(url(contract))


@pytest.mark.parametrize("look_backs", [1, 50])
def test_list_of_look_backs_asks_as_often_for_fifty(
    client: Client, cast: Cast, contract: Contract, look_backs: int, django_assert_num_queries: Any
) -> None:
    project = reach(contract, "completed", ago(300))
    LookBack.objects.bulk_create(
        LookBack(
            contract=project.contract,
            after="completed",
            number=number + 1,
            months=number + 1,
            milestone_on=ago(300),
            due_on=ago(number),
        )
        for number in range(look_backs)
    )
    as_(client, cast.member_a).get(reverse("admin:index"))
    with django_assert_num_queries(9), zeal_context():
        answer = client.get(lists("lookback"))
    assert len(answer.context["cl"].result_list) == look_backs


@pytest.mark.parametrize(("values"), [1, 50])
def test_page_of_a_promise_asks_as_often_for_fifty_values(
    client: Client, cast: Cast, promise: Commitment, values: int, django_assert_num_queries: Any
) -> None:
    for number in range(values):
        measure(promise, number, cast.member_a, measured_on=ago(number))
    as_(client, cast.member_a).get(reverse("admin:index"))
    with django_assert_num_queries(16), zeal_context():
        client.get(url(promise))
