"""One digest a reader, chain and week: who gets it, when, once, also after trouble."""

from datetime import date, time
from typing import Any

import pytest

from chains.actions.teams import appoint
from kfq_crm.base.absences import enter_absence
from kfq_crm.base.models import CalendarDay, MailState, OutgoingMail, SweepRun
from leads import tasks
from leads.digest import engine
from leads.digest.engine import make_digests
from leads.models import Digest, DigestState
from tests.cast import Cast
from tests.factories import log_a_lead
from tests.leads.digest.weeks import a_rule, at, clock, made, mails_of

pytestmark = pytest.mark.django_db

A, ZONE = "航空航天", ""


@pytest.fixture
def readers(cast: Cast) -> Cast:
    """Leader of chain A and the coordinator, both with an address."""
    a_rule()
    for person in (cast.chain_leader_a, cast.coordinator):
        person.email = f"{person.username}@example.com"
        person.save()
    return cast


def test_leader_gets_the_chain_and_coordinator_the_zone(readers: Cast) -> None:
    with clock("2026-11-23T08:00"):
        result = make_digests()
    assert made() == [
        ("chain_leader_a", A, "2026-W47", "queued"),
        ("coordinator", ZONE, "2026-W47", "queued"),
    ]
    assert (result.made, result.queued, result.failed, result.error) == (2, 2, 0, "")
    (mail,) = mails_of(readers.chain_leader_a)
    assert (mail.state, mail.address) == (MailState.WAITING, "chain_leader_a@example.com")


def test_nothing_before_the_moment_of_the_rule(readers: Cast) -> None:
    make_digests(at("2026-11-23T08:00"))
    assert make_digests(at("2026-11-30T07:59:59")).made == 0
    assert make_digests(at("2026-11-30T08:00:00")).made == 2


def test_second_run_makes_nothing(readers: Cast) -> None:
    make_digests(at("2026-11-23T08:00"))
    again = make_digests(at("2026-11-23T08:05"))
    assert (again.made, again.queued, OutgoingMail.objects.count()) == (0, 0, 2)


def test_leader_of_two_chains_gets_two(readers: Cast) -> None:
    appoint(team=readers.team_b, leader=readers.chain_leader_a, by=readers.coordinator)
    make_digests(at("2026-11-23T08:00"))
    assert [row[:2] for row in made()] == [
        ("chain_leader_a", A),
        ("chain_leader_a", "新材料"),
        ("coordinator", ZONE),
    ]
    assert len(mails_of(readers.chain_leader_a)) == 2


def test_new_leader_begins_with_the_latest_week(readers: Cast) -> None:
    make_digests(at("2026-11-09T08:00"))
    appoint(team=readers.team_b, leader=readers.head_b, by=readers.coordinator)
    make_digests(at("2026-11-25T10:00"))
    assert ("head_b", "新材料", "2026-W47", "queued") in made()
    assert [row for row in made() if row[0] == "head_b"] == [
        ("head_b", "新材料", "2026-W47", "queued")
    ]


def test_of_several_missed_weeks_only_the_newest_is_mailed(readers: Cast) -> None:
    make_digests(at("2026-11-02T08:00"))
    make_digests(at("2026-11-24T14:00"))
    assert [row for row in made() if row[1] == A] == [
        ("chain_leader_a", A, "2026-W44", "queued"),
        ("chain_leader_a", A, "2026-W45", "on_record"),
        ("chain_leader_a", A, "2026-W46", "on_record"),
        ("chain_leader_a", A, "2026-W47", "queued"),
    ]
    newest = Digest.objects.get(chain=readers.chain_a, starts_on=date(2026, 11, 16))
    assert newest.payload["skipped"] == ["2026-W45", "2026-W46"]
    assert "2026-W45 · 2026-W46" in mails_of(readers.chain_leader_a)[-1].text


def test_late_week_tells_what_happened_in_it_and_not_what_stands_open_now(readers: Cast) -> None:
    make_digests(at("2026-11-02T08:00"))
    with clock("2026-11-04T10:00"):
        log_a_lead(by=readers.member_a, title="四十五周的项目")
    make_digests(at("2026-11-24T14:00"))
    late = Digest.objects.get(chain=readers.chain_a, starts_on=date(2026, 11, 2)).payload
    assert set(late["sections"]) == {"figures", "moved"}
    assert [item["name"] for item in late["sections"]["moved"]["new"]["items"]] == [
        "四十五周的项目"
    ]


def test_rule_of_another_weekday(readers: Cast) -> None:
    a_rule(valid_from=date(2026, 11, 20), weekday=4, time=time(16, 30))
    make_digests(at("2026-11-16T08:00"))
    assert make_digests(at("2026-11-23T08:00")).made == 0
    assert make_digests(at("2026-11-27T16:30")).made == 2
    assert made()[-1][2] == "2026-W47"


def test_without_a_rule_nothing_is_made_and_the_sweep_says_so(cast: Cast) -> None:
    tasks.make_digests()
    assert made() == []
    assert SweepRun.objects.get(name="make_digests").error


def test_holiday_monday_is_sent_on_the_next_working_day(readers: Cast) -> None:
    CalendarDay.objects.create(day=date(2026, 11, 23), is_workday=False, label="放假")
    make_digests(at("2026-11-23T08:00"))
    (mail,) = mails_of(readers.chain_leader_a)
    assert mail.not_before == at("2026-11-24T08:00")
    assert made()[0][2] == "2026-W47"


def test_leader_without_an_address_is_told_to_the_coordinator(readers: Cast) -> None:
    readers.chain_leader_a.email = ""
    readers.chain_leader_a.save()
    make_digests(at("2026-11-23T08:00"))
    leader = Digest.objects.get(chain=readers.chain_a)
    assert (leader.state, leader.mail.state) == (DigestState.QUEUED, MailState.UNDELIVERABLE)
    zone = Digest.objects.get(chain=None).payload["sections"]["undelivered"]
    assert [(row["person"], row["chain"]) for row in zone["items"]] == [("链长甲", A)]
    assert zone["leaderless"] == ["新材料"]
    assert "链长甲" in mails_of(readers.coordinator)[0].text


@pytest.mark.parametrize(("day", "copies"), [("2026-11-23", 1), ("2026-11-26", 0)])
def test_deputy_of_an_absent_leader_gets_a_copy(readers: Cast, day: str, copies: int) -> None:
    with clock("2026-11-20T10:00"):
        enter_absence(
            user=readers.chain_leader_a,
            first_day=date(2026, 11, 23),
            last_day=date(2026, 11, 24),
            deputy=readers.head_a,
            by=readers.chain_leader_a,
        )
    with clock(f"{day}T09:00"):
        make_digests()
    assert len(mails_of(readers.chain_leader_a)) == 1
    assert len(mails_of(readers.head_a)) == copies
    if copies:
        assert "链长甲" in mails_of(readers.head_a)[0].text


def test_disabled_leader_gets_none(readers: Cast) -> None:
    readers.chain_leader_a.is_active = False
    readers.chain_leader_a.save()
    make_digests(at("2026-11-23T08:00"))
    assert [row[0] for row in made()] == ["coordinator"]


def test_trouble_with_one_digest_does_not_stop_the_others(
    readers: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = engine.payload_of

    def broken(scope: Any) -> dict[str, Any]:
        if scope.chain:
            raise ValueError("broken")
        return real(scope)

    monkeypatch.setattr(engine, "payload_of", broken)
    result = make_digests(at("2026-11-23T08:00"))
    assert [row[0] for row in made()] == ["coordinator"]
    assert (result.failed, "ValueError: broken" in result.error) == (1, True)
    monkeypatch.undo()
    make_digests(at("2026-11-23T08:05"))
    assert {row[0] for row in made()} == {"coordinator", "chain_leader_a"}


def test_ledger_goes_with_the_mail_and_leaves_the_digest(readers: Cast) -> None:
    make_digests(at("2026-11-23T08:00"))
    digest = Digest.objects.get(chain=readers.chain_a)
    (mail,) = mails_of(readers.chain_leader_a)
    (file,) = mail.attachments.all()
    assert (file.name, bytes(file.content[:2])) == ("航空航天一链一清单 2026-W47.xlsx", b"PK")
    assert digest.ledger is None
    assert not mails_of(readers.coordinator)[0].attachments.exists()


def test_ledger_that_mail_servers_refuse_is_left_out(
    readers: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LARGEST_LEDGER", 10)
    make_digests(at("2026-11-23T08:00"))
    (mail,) = mails_of(readers.chain_leader_a)
    assert not mail.attachments.exists()


def test_idle_sweep_costs_the_same_however_many_digests_there_are(
    readers: Cast, django_assert_max_num_queries: Any
) -> None:
    for monday in ("2026-11-09", "2026-11-16", "2026-11-23"):
        make_digests(at(f"{monday}T08:00"))
    with django_assert_max_num_queries(7):
        make_digests(at("2026-11-23T09:00"))
