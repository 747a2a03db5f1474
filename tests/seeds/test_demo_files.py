"""The demo set against itself: references, gates, dates, and that nobody could take it for real."""

import re
from itertools import pairwise

import pytest
from pypinyin import lazy_pinyin
from stdnum.cn import uscc

from tests.seeds.files import DATA, DEMO, assert_slugs, assert_unique, load, rows, segments_of

STAGES = ("lead", "screening", "negotiating", "review", "signed")
MILESTONES = ("registered", "land", "started", "completed", "producing", "full")
LOSS_REASONS = {
    "land_or_plant_mismatch",
    "energy_or_environment",
    "supporting_industry_missing",
    "logistics_or_market",
    "answer_too_slow",
    "policy_not_agreed",
    "chose_another_place",
    "capital_or_strategy_change",
    "rejected_at_review",
    "contact_lost",
}


def leads():
    return load("demo_leads")["leads"]


def people():
    return {person["username"]: person for person in load("demo_people")["people"]}


def team_of(chain):
    team = next(team for team in load("demo_people")["teams"] if team["chain"] == chain)
    return {team["head"], *team["members"]}


@pytest.mark.parametrize("name", DEMO)
def test_demo_files_say_so_first_and_last(name):
    assert load(name)["demo"] is True
    head = (DATA / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[:3]
    assert any("DEMO DATA" in line for line in head)


@pytest.mark.parametrize("name", sorted(p.stem for p in DATA.glob("*.yaml")))
def test_only_demo_files_are_marked_demo(name):
    assert ("demo" in load(name)) == (name in DEMO)


def test_demo_usernames_are_the_pinyin_of_the_names():
    for username, person in people().items():
        assert username == "".join(lazy_pinyin(person["name"])), person["name"]
    assert_unique(person["username"] for person in load("demo_people")["people"])


def test_demo_teams_cover_every_chain_with_known_people():
    teams = load("demo_people")["teams"]
    assert {team["chain"] for team in teams} == set(segments_of())
    posted = [name for t in teams for name in (t["leader"], t["head"], *t["members"])]
    assert_unique(posted)
    for team in teams:
        assert 2 <= len(team["members"]) <= 3
        assert people()[team["leader"]]["role"] == "leader"
        assert people()[team["head"]]["role"] == "head"
        assert {people()[name]["role"] for name in team["members"]} == {"member"}


def test_demo_people_have_every_role():
    assert {person["role"] for person in people().values()} == {
        "leader",
        "head",
        "member",
        "coordinator",
        "administrator",
        "mayor_reader",
        "service",
        "liaison",
        "department",
    }


def test_demo_outposts_are_used_by_their_chains():
    chains = {o["code"]: set(o["chains"]) for o in load("demo_people")["outposts"]}
    for team in load("demo_people")["teams"]:
        assert {code for code, own in chains.items() if team["chain"] in own} == set(
            team["outposts"]
        )
    for lead in leads():
        assert "outpost" not in lead or lead["chain"] in chains[lead["outpost"]]


def test_demo_leads_stand_in_every_stage_and_exit():
    assert len(leads()) == 42
    assert_slugs(lead["code"] for lead in leads())
    open_stages = [lead["stage"] for lead in leads() if "exit" not in lead]
    assert set(open_stages) == set(STAGES)
    assert open_stages.count("signed") == 4
    assert {lead["exit"]["kind"] for lead in leads() if "exit" in lead} == {
        "shelved",
        "transferred",
        "lost",
    }
    assert {lead["chain"] for lead in leads()} == set(segments_of())


def test_demo_leads_resolve_their_references():
    for lead in leads():
        assert lead["segment"] in segments_of()[lead["chain"]], lead["code"]
        assert lead["chain"] not in lead.get("secondary_chains", [])
        assert set(lead.get("secondary_chains", [])) <= set(segments_of())
        assert lead["owner"] in team_of(lead["chain"]), lead["code"]
        assert set(lead.get("readers", [])) <= set(people())
        for blocker in lead.get("blockers", []):
            assert blocker["owner"] in people()


def test_demo_companies_and_phones_are_plainly_invented():
    companies = [lead["company"] for lead in leads()]
    companies += [lead["landing"]["company"] for lead in leads() if "landing" in lead]
    assert_unique(company["name"] for company in companies)
    for company in companies:
        assert "演示" in company["name"] or "DEMO" in company["name"]
    codes = [company["uscc"] for company in companies if "uscc" in company]
    assert_unique(codes)
    assert all(uscc.is_valid(code) and code[2:8] == "999999" for code in codes)
    phones = [contact["phone"] for lead in leads() for contact in lead["contacts"]]
    assert_unique(phones)
    assert all(re.fullmatch(r"1990000\d{4}", phone) for phone in phones)


def test_demo_amounts_are_typed_with_their_unit():
    pattern = re.compile(r"约?\d+(\.\d+)?(亿元|万元|万美元)")
    for lead in leads():
        for row in rows(lead):
            for key in ("investment", "fixed_investment", "tax_per_mu"):
                if row.get(key):
                    assert pattern.fullmatch(row[key]), (lead["code"], row[key])


def test_demo_entered_days_run_through_the_stages():
    for lead in leads():
        reached = STAGES[: STAGES.index(lead["stage"]) + 1]
        assert tuple(lead["entered"]) == reached, lead["code"]
        assert all(a > b for a, b in pairwise(lead["entered"].values())), lead["code"]


def test_demo_leads_passed_the_gates_of_their_stages():
    for lead in leads():
        code, entered = lead["code"], lead["entered"]
        if "screening" in entered:
            assert entered["screening"] <= lead["screening"]["days_ago"] <= entered["lead"], code
            assert len(lead["screening"]["notes"]) == 6, code
        if "negotiating" in entered:
            assert lead["screening"]["verdict"] == "follow", code
            since = entered["negotiating"]
            assert any(f["two_way"] and f["days_ago"] >= since for f in lead["followups"]), code
        if "review" in entered:
            assert {o["department"] for o in lead["opinions"]} == {
                "land",
                "energy",
                "environment",
                "safety",
            }
            given = [o["days_ago"] for o in lead["opinions"]] + [lead["review"]["days_ago"]]
            assert min(given) >= entered["review"], code


def test_demo_signed_leads_have_a_reviewed_investment_agreement():
    for lead in leads():
        kinds = [agreement["kind"] for agreement in lead.get("agreements", [])]
        assert kinds.count("investment") == (1 if lead["stage"] == "signed" else 0), lead["code"]
        for agreement in lead.get("agreements", []):
            if agreement["kind"] == "investment":
                assert agreement["days_ago"] >= lead["entered"]["signed"]
                assert agreement["legal_review"]
                assert agreement["fair_competition"]
                assert agreement["commitments"]
    every = [a["number"] for lead in leads() for a in lead.get("agreements", [])]
    assert_unique(every)


def test_demo_landed_projects_follow_their_contract():
    landed = [lead for lead in leads() if "landing" in lead]
    assert len(landed) == 3
    for lead in landed:
        steps = lead["landing"]["milestones"]
        kinds = [step["kind"] for step in steps]
        assert kinds == sorted(kinds, key=MILESTONES.index)
        assert ("land" in kinds) != lead["landing"]["lease"]
        actual = [step["days_ago"] for step in steps if "days_ago" in step]
        assert actual == sorted(actual, reverse=True)
        assert actual[0] <= lead["entered"]["signed"]
        assert re.fullmatch(r"\d{4}-321282-\d\d-\d\d-\d{6}", lead["landing"]["project_code"])


def test_demo_follow_ups_are_dated_within_the_life_of_their_lead():
    for lead in leads():
        days = [followup["days_ago"] for followup in lead["followups"]]
        assert days == sorted(days, reverse=True), lead["code"]
        assert all(day <= lead["entered"]["lead"] for day in days), lead["code"]
        names = {contact["name"] for contact in lead["contacts"]}
        for followup in lead["followups"]:
            assert set(followup["theirs"]) <= names, lead["code"]
            assert followup["by"] in team_of(lead["chain"]), lead["code"]
            assert followup["method"] in {
                "call",
                "wechat",
                "visit_out",
                "visit_in",
                "meeting",
                "email",
                "paper",
            }


def test_demo_open_leads_have_a_next_action_after_their_last_contact():
    overdue = 0
    for lead in leads():
        if "exit" in lead:
            assert "next_action" not in lead, lead["code"]
            continue
        due = lead["next_action"]["due_in"]
        last = lead["followups"][-1]["days_ago"] if lead["followups"] else lead["entered"]["lead"]
        assert due > -last, lead["code"]
        assert lead["waiting_for"]["who"] in {
            "team",
            "investor",
            "department",
            "leader",
            "coordination",
        }
        overdue += due < 0
    assert overdue >= 5


def test_demo_exits_have_what_they_require():
    for lead in leads():
        out = lead.get("exit", {})
        if out.get("kind") == "lost":
            assert out["reason"] in LOSS_REASONS
            assert ("place" in out) == (out["reason"] == "chose_another_place")
        if out.get("kind") == "shelved":
            assert out["wake_in"] > 0
        if out.get("kind") == "transferred":
            assert out["to"]


def test_demo_claims_lapse_after_ninety_days_without_progress():
    lapsed = [lead for lead in leads() if lead.get("claim", {}).get("state") == "lapsed"]
    assert len(lapsed) >= 3
    for lead in leads():
        progress = [f["days_ago"] for f in lead["followups"] if f["progress"]]
        last = min([lead["entered"]["lead"], *progress])
        if lead in lapsed:
            assert last - lead["claim"]["days_ago"] == 90, (lead["code"], last)
        elif "exit" not in lead:
            assert last <= 90, lead["code"]


def test_demo_set_has_one_confidential_lead():
    (secret,) = [lead for lead in leads() if lead.get("confidential")]
    assert secret["code_name"]
    assert secret["readers"]


def test_demo_ruling_requests_one_open_one_ruled():
    requests = load("demo_leads")["ruling_requests"]
    assert [request["state"] for request in requests] == ["pending", "ruled"]
    for request in requests:
        claimed = next(lead for lead in leads() if lead["code"] == request["claim_of"])
        assert request["asked_by"] in team_of(request["asking_team"])
        assert request["asking_team"] != claimed["chain"]
        assert request["company_name"] == claimed["company"]["name"]
    ruled = requests[1]
    assert ruled["ruled_days_ago"] <= ruled["days_ago"]
    assert ruled["holder"] in {ruled["asking_team"], "aerospace"}
    assert people()[ruled["ruled_by"]]["role"] == "coordinator"


def test_demo_lists_resolve_their_references():
    lists = load("demo_lists")
    gaps = {
        (chain["code"], code, gap["kind"])
        for chain in load("chains")["chains"]
        for gap in chain["gaps"]
        for code in gap["segments"]
    }
    for target in lists["target_companies"]:
        assert (target["chain"], target["segment"], target["closes"]) in gaps, target["name"]
        assert target["owner"] in team_of(target["chain"])
        assert "演示" in target["name"]
    for row in [*lists["sites"], *lists["policies"]]:
        assert row["chain"] in segments_of()
        assert "演示" in (row.get("label") or row["title"])
