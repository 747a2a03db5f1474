"""Who reads what through the API, as exact sets: what `test_visibility` says of the models."""

from collections.abc import Callable
from typing import Any

import pytest

from leads.models import (
    Building,
    Commitment,
    ConstructionPermit,
    Contact,
    Contract,
    Enterprise,
    FollowUp,
    LandedProject,
    Lead,
    LookBack,
    Milestone,
    ProgressReport,
    Rectification,
    StageChange,
)
from tests.api_cast import ClientOf, Program
from tests.who_sees import EXPECTED, OPEN_A
from tests.world import World

Name = Callable[[dict[str, Any], dict[int, str]], str]


def by_lead(row: dict[str, Any], titles: dict[int, str]) -> str:
    return titles[row["lead"]["id"]]


def by_project(row: dict[str, Any], titles: dict[int, str]) -> str:
    return str(row["project"]["name"])


# Resource, its model, and how a row tells its name in the world
RESOURCES: dict[str, tuple[type[Any], Name]] = {
    "leads": (Lead, lambda row, titles: str(row["title"])),
    "follow-ups": (FollowUp, by_lead),
    "stage-changes": (StageChange, by_lead),
    "contracts": (Contract, by_lead),
    "commitments": (Commitment, by_lead),
    "look-backs": (LookBack, by_lead),
    "rectification-tasks": (Rectification, by_lead),
    "enterprises": (Enterprise, lambda row, titles: str(row["note"])),
    "contacts": (Contact, lambda row, titles: str(row["note"])),
    "landed-projects": (LandedProject, lambda row, titles: str(row["name"])),
    "milestones": (Milestone, by_project),
    "construction-permits": (ConstructionPermit, by_project),
    "buildings": (Building, by_project),
    "progress-reports": (ProgressReport, by_project),
}
MAYORS_LEADS = OPEN_A | {"other"}
REPORTED = {"report", "report without a chain"}
MAYORS_OFFICE: dict[str, set[str]] = {
    **dict.fromkeys(("leads", "follow-ups", "stage-changes", "contracts"), MAYORS_LEADS),
    **dict.fromkeys(("commitments", "look-backs", "rectification-tasks"), MAYORS_LEADS),
    "enterprises": MAYORS_LEADS | {"public", "own", "secret_other", "nobody's"},
    "landed-projects": MAYORS_LEADS | REPORTED,
    "milestones": MAYORS_LEADS | REPORTED,
    "construction-permits": MAYORS_LEADS | REPORTED,
    "buildings": MAYORS_LEADS | REPORTED,
    "progress-reports": MAYORS_LEADS | REPORTED,
}


def seen_by(program: Program, resource: str, titles: dict[int, str]) -> set[str] | int:
    """Names of the rows, or the status of the refusal."""
    answer = program.ask(f"/{resource}/", page_size=1000)
    if answer.status_code != 200:
        return int(answer.status_code)
    _model, name = RESOURCES[resource]
    return {name(row, titles) for row in answer.json()["results"]}


@pytest.fixture
def titles(world: World) -> dict[int, str]:
    return dict(Lead.objects.values_list("pk", "title"))


def test_everybody_reads_exactly_what_is_theirs(
    world: World, client_of: ClientOf, titles: dict[int, str]
) -> None:
    wrong = {}
    active = {who: person for who, person in world.people.items() if person.is_active}
    for who, person in active.items():  # a token of a disabled account is dead
        program = client_of(person)
        for resource, (model, _name) in RESOURCES.items():
            may = person.has_perm(f"leads.view_{model._meta.model_name}")
            wanted = set(EXPECTED[model][1].get(who, set())) if may else 403
            seen = seen_by(program, resource, titles)
            if seen != wanted:
                wrong[who, resource] = (seen, wanted)
    assert wrong == {}


def test_mayors_office_reads_no_confidential_lead_and_nobodys_personal_data(
    world: World, mayors_office: Program, titles: dict[int, str]
) -> None:
    Lead.objects.update(referrer="张三", waiting_detail="李四")
    FollowUp.objects.update(our_people="王五", their_people="赵六")
    for resource, wanted in MAYORS_OFFICE.items():
        assert seen_by(mayors_office, resource, titles) == wanted, resource
        said = mayors_office.ask(f"/{resource}/").content.decode()
        assert not any(name in said for name in ("张三", "李四", "王五", "赵六")), resource
    assert seen_by(mayors_office, "contacts", titles) == 403
    refused = mayors_office.ask("/leads/", fields="referrer")
    assert refused.json()["errors"][0]["code"] == "unknown_field"


def test_one_record_is_read_as_the_list_shows_it_and_a_hidden_one_is_not_there(
    world: World, client_of: ClientOf
) -> None:
    program = client_of(world.cast.member_b)
    missing = program.ask("/leads/999999/").json()
    wrong = []
    for resource, (model, _name) in RESOURCES.items():
        rows = {row["id"]: row for row in program.rows(f"/{resource}/", page_size=1000)}
        for pk in model.objects.values_list("pk", flat=True):
            answer = program.ask(f"/{resource}/{pk}/")
            if pk in rows:
                right = answer.status_code == 200 and answer.json() == rows[pk]
            else:
                told = {**answer.json(), "instance": missing["instance"]}
                right = answer.status_code == 404 and told == missing
            if not right:
                wrong.append((resource, pk, answer.status_code))
    assert wrong == []
