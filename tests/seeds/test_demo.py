"""The demo set in the database: what was lived through is what the rules make of the file."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from chains.models import ChainPolicy, Site, TargetCompany, TargetState, TaskTeam
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.codes import clean_uscc
from kfq_crm.base.models import Change, User
from leads.models import (
    Blocker,
    Claim,
    Contract,
    DepartmentOpinion,
    Enterprise,
    FollowUp,
    JointReview,
    LandedProject,
    Lead,
    Milestone,
    Ruling,
    RulingRequest,
    Screening,
    StageChange,
)
from seeds.demo import load_demo
from seeds.scenes.clock import Days
from tests.seeds.files import load
from tests.seeds.loaded import loaded, snapshot

pytestmark = pytest.mark.django_db
PASSWORD = "演示用密码 2024"


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    with loaded(django_db_blocker, lambda: load_demo(PASSWORD)):
        yield


def rows():
    return {row["title"]: row for row in load("demo_leads")["leads"]}


def run(*args):
    out = StringIO()
    call_command("seed_demo", *args, stdout=out)
    return out.getvalue()


def test_demo_is_not_loaded_twice(demo, monkeypatch):
    monkeypatch.setenv("KFQ_DEMO_PASSWORD", PASSWORD)
    before = snapshot()
    run("--demo")
    assert snapshot() == before


# ---- people --------------------------------------------------------------------------------


def test_demo_people_sign_in_with_one_password_and_are_marked(demo):
    people = load("demo_people")["people"]
    assert User.objects.count() == len(people)
    for user in User.objects.all():
        assert "演示" in user.unit
        assert user.email == f"{user.username}@demo.invalid"
        assert user.is_staff
        assert not user.is_superuser
    assert User.objects.first().check_password(PASSWORD)


def test_demo_teams_have_leader_head_members_and_outposts(demo):
    for row in load("demo_people")["teams"]:
        team = TaskTeam.objects.get(chain__code=row["chain"])
        assert (team.leader.username, team.head.username) == (row["leader"], row["head"])
        members = set(team.group.user_set.values_list("username", flat=True))
        assert members == {row["head"], *row["members"]}
        assert team.memberships.current().count() == len(members)
        assert team.outposts.count() == len(row["outposts"])
    posted = User.objects.get(username="hejingyi").memberships.get()
    assert posted.outpost.city == "上海"


def test_demo_roles_see_what_they_should(demo):
    def visible(name):
        return Lead.objects.visible_to(User.objects.get(username=name)).count()

    everything = Lead.objects.count()
    assert visible("lizhengheng") == everything  # reader of the confidential lead
    assert visible("wangyinghui") == everything - 1
    assert visible("zhangweixin") == 0
    assert 0 < visible("zhouziang") < everything
    assert visible("gaoyunfan") >= visible("zhouziang")


def test_demo_accounts_are_named_only_where_they_are(demo):
    told = run("--accounts")
    assert "zhouziang" in told
    assert PASSWORD not in told
    assert len(told.splitlines()) == 12
    User.objects.update(email="")
    assert run("--accounts") == ""


# ---- leads ---------------------------------------------------------------------------------


def test_demo_leads_stand_where_the_file_says(demo):
    assert set(Lead.objects.values_list("title", flat=True)) == set(rows())
    for lead in Lead.objects.select_related("chain", "segment", "owner", "claim__team"):
        row = rows()[lead.title]
        assert (lead.stage, lead.exit) == (row["stage"], row.get("exit", {}).get("kind", ""))
        assert lead.chain.code == row["chain"]
        assert lead.segment.code == row["segment"]
        assert lead.owner.username == row["owner"]
        assert lead.enterprise.contacts.count() == len(row["contacts"])
        assert lead.follow_ups.count() == len(row["followups"])
        assert lead.claim.team == lead.chain.team
        assert lead.secondary_chains.count() == len(row.get("secondary_chains", []))


def test_demo_claims_ended_as_the_file_says(demo):
    for lead in Lead.objects.select_related("claim").filter(exit=""):
        told = rows()[lead.title].get("claim", {}).get("state", "active")
        assert lead.claim.state == told, lead.title
    released = [title for title, row in rows().items() if row.get("claim", {}).get("state")]
    for lead in Lead.objects.filter(title__in=released):
        assert lead.claim.state == rows()[lead.title]["claim"]["state"], lead.title
        assert not lead.claim.keys.exists()
    assert Claim.objects.filter(state="lapsed").count() >= 3


def test_demo_next_steps_are_due_as_told_and_on_working_days(demo):
    calendar, days = current_calendar(), Days()
    for lead in Lead.objects.filter(exit=""):
        step = rows()[lead.title]["next_action"]
        assert lead.next_action == step["text"]
        assert lead.next_action_on == days.ahead(step["due_in"])
        assert calendar.is_workday(lead.next_action_on)


def test_demo_waiting_is_as_told(demo):
    for lead in Lead.objects.filter(exit=""):
        told = rows()[lead.title]["waiting_for"]
        assert (lead.waiting_for, lead.waiting_detail) == (told["who"], told.get("detail", ""))
        assert lead.waiting_since == Days().ago(told["since_days_ago"]), lead.title


def test_demo_rows_carry_the_time_of_their_day(demo):
    now = timezone.now()
    for lead in Lead.objects.all():
        entered = Days().ago(rows()[lead.title]["entered"]["lead"])
        assert timezone.localdate(lead.created_at) == entered
        moves = list(lead.stage_changes.order_by("pk").values_list("moved_at", flat=True))
        assert moves == sorted(moves)
        assert moves[0] == lead.created_at
        told = list(lead.history.order_by("history_id").values_list("history_date", "version"))
        assert told == sorted(told)
        assert [version for _date, version in told] == list(range(1, lead.version + 1))
        assert told[0][0] == lead.created_at
        assert told[-1][0] == lead.updated_at <= now
    for follow_up in FollowUp.objects.all():
        assert follow_up.created_at == follow_up.occurred_at
    assert Change.objects.order_by("-recorded_at").first().recorded_at <= now


def test_demo_evidence_was_there_before_the_move(demo):
    for move in StageChange.objects.exclude(kind="logged").filter(exit=""):
        assert move.evidence, move
        assert move.time_in_stage > timedelta(0)
    kinds = (Screening, DepartmentOpinion, JointReview, Contract)
    assert all(model.objects.exists() for model in kinds)


def test_demo_signings_count_once_and_projects_stand_at_their_milestone(demo):
    signed = Lead.objects.filter(stage="signed")
    assert signed.count() == Contract.objects.filter(counted=True).count() == 4
    assert not Contract.objects.filter(counted=True).exclude(kind="investment").exists()
    for lead in signed:
        landing = rows()[lead.title].get("landing")
        project = LandedProject.objects.filter(contract__lead=lead).first()
        assert bool(landing) == bool(project)
        if landing:
            reached = [step["kind"] for step in landing["milestones"] if "days_ago" in step]
            assert project.milestone == reached[-1]
            assert project.enterprise.uscc == clean_uscc(landing["company"]["uscc"])
            dated = project.milestones.filter(is_reached=True).exclude(actual_on=None)
            assert set(dated.values_list("kind", flat=True)) == set(reached)
    assert Milestone.objects.exclude(recognised_on=None).count() == 4


def test_demo_gives_an_aerospace_member_something_of_everything(demo):
    member, today = User.objects.get(username="zhouziang"), timezone.localdate()
    mine = Lead.objects.filter(owner=member, exit="")
    assert mine.filter(next_action_on__lt=today).exists()
    assert mine.filter(next_action_on=current_calendar().next_workday(today)).exists()
    assert set(mine.values_list("waiting_for", flat=True)) >= {"team", "department", "investor"}
    assert Blocker.objects.filter(owner=member, resolved_on=None, due_on__lt=today).exists()
    stages = Lead.objects.filter(chain__code="aerospace").values_list("stage", flat=True)
    assert {"lead", "negotiating", "review", "signed"} <= set(stages)


def test_demo_has_an_open_and_a_final_ruling(demo):
    assert RulingRequest.objects.waiting().count() == 1
    ruling = Ruling.objects.get()
    assert ruling.holder.chain.code == "aerospace"
    assert ruling.request.claim.state == "active"


def test_demo_lists_are_filled_and_know_what_became_a_lead(demo):
    assert Site.objects.count() == len(load("demo_lists")["sites"])
    assert ChainPolicy.objects.count() == len(load("demo_lists")["policies"])
    assert not TargetCompany.objects.filter(gap=None).exists()
    became = TargetCompany.objects.filter(state=TargetState.LEAD)
    assert set(became.values_list("name", flat=True)) <= set(
        Lead.objects.values_list("enterprise__name", flat=True)
    )
    assert became.count() == 2


def test_demo_companies_are_known_to_nobody_but_their_team(demo):
    invented = Enterprise.objects.filter(name__contains="演示")
    assert invented.exists()
    assert not invented.filter(is_public=True).exists()
