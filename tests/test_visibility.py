"""Who sees what, as exact sets, for every model and everybody of the cast.

One world of leads, each with a row of everything that belongs to a lead; what a person sees is
named by the lead's title. A set that is too large is a leak, one that is too small a loss.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from chains.models import TaskTeam
from kfq_crm.base.models import (
    User,
)
from leads.actions.enterprises import add_contact
from leads.models import (
    Claim,
    ClaimKey,
    Contact,
    Enterprise,
    FollowUp,
    Lead,
)
from tests.who_sees import ALL_LEADS, EXPECTED, LEADS, OPEN_A, SECRET_A, WITH_THEIR_LEAD
from tests.world import TODAY, World

# --- Asking everybody -----------------------------------------------------------------------


def named(row: models.Model, path: str) -> str:
    value: Any = row
    for part in path.split("__"):
        value = getattr(value, part)
    if isinstance(row, Claim | ClaimKey):
        claim = row if isinstance(row, Claim) else row.claim
        to_b = claim.team.chain.code == "new-materials"
        return "ruled to B" if to_b and value == "ruled" else str(value)
    return str(value)


def seen_by(model: type[models.Model], path: str, user: User) -> set[str]:
    manager: Any = User.staff if model is User else model._default_manager
    return {named(row, path) for row in manager.visible_to(user)}


def exact(world: World, ask: Callable[[User], set[str]]) -> dict[str, set[str]]:
    answers = {name: ask(person) for name, person in world.people.items()}
    return {name: seen for name, seen in answers.items() if seen}


def test_everybody_sees_exactly_what_is_theirs(world: World) -> None:
    """All models in one world: building it takes longer than asking."""
    wrong = {}
    for model, (path, expected) in EXPECTED.items():
        wanted = {name: set(rows) for name, rows in expected.items() if rows}
        seen = exact(world, lambda user, m=model, p=path: seen_by(m, p, user))
        for name in world.people:
            if seen.get(name, set()) != wanted.get(name, set()):
                more = seen.get(name, set()) - wanted.get(name, set())
                less = wanted.get(name, set()) - seen.get(name, set())
                wrong[model.__name__, name] = {"leaked": more, "lost": less}
    assert wrong == {}


def test_disabled_account_sees_nothing_even_as_a_reader(world: World) -> None:
    secret = Lead.objects.get(title="secret")
    assert world.cast.disabled in secret.readers.all()
    assert not any(seen_by(m, p, world.cast.disabled) for m, (p, _who) in EXPECTED.items())


def test_program_of_the_mayors_office_sees_all_teams_and_nothing_confidential(
    world: World,
) -> None:
    """The account that it acts as; what of it is personal, its answers leave out besides."""
    office = User.objects.get(service="mayors_office")
    for model, path in WITH_THEIR_LEAD.items():
        assert seen_by(model, path, office) <= OPEN_A | {"other"}, model.__name__
    assert seen_by(Lead, "title", office) == OPEN_A | {"other"}
    assert seen_by(TaskTeam, "chain__code", office) == {"aerospace", "new-materials"}
    assert not any(office in User.staff.visible_to(person) for person in world.people.values())


def test_reader_taken_off_the_list_sees_it_no_more(world: World) -> None:
    secret = Lead.objects.get(title="secret_shared")
    secret.readers.clear()
    assert "secret_shared" not in seen_by(Lead, "title", world.cast.member_b)
    assert "secret_shared" not in seen_by(FollowUp, "lead__title", world.cast.member_b)


def test_member_who_left_sees_nothing_any_more(world: World) -> None:
    world.cast.team_a.group.user_set.remove(world.cast.member_a)
    left = User.objects.get(pk=world.cast.member_a.pk)
    assert seen_by(Lead, "title", left) == set()
    assert seen_by(Claim, "enterprise__note", left) == set()
    assert seen_by(Contact, "note", left) == set()


def test_new_head_reads_the_confidential_leads_and_the_old_one_no_more(world: World) -> None:
    team = world.cast.team_a
    TaskTeam.objects.filter(pk=team.pk).update(head=world.cast.second_member_a)
    assert seen_by(Lead, "title", world.cast.second_member_a) == LEADS["head_a"]
    assert seen_by(Lead, "title", world.cast.head_a) == OPEN_A


def test_permission_to_read_confidential_leads_stays_within_the_scope(world: World) -> None:
    codename = "read_confidential_leads"
    permission = apps.get_model("auth.Permission").objects.get(codename=codename)
    world.cast.coordinator.user_permissions.add(permission)
    world.cast.second_member_a.user_permissions.add(permission)
    asked = {name: User.objects.get(username=name) for name in ("coordinator", "second_member_a")}
    assert seen_by(Lead, "title", asked["coordinator"]) == ALL_LEADS
    assert seen_by(Lead, "title", asked["second_member_a"]) == OPEN_A | SECRET_A


def test_contact_of_another_teams_hidden_lead_is_hidden_at_a_known_company(world: World) -> None:
    """The office sees the company, which team A registered; a contact of team B would tell it
    that team B is at work there."""
    company = Enterprise.objects.get(note="secret_other")
    assert company in Enterprise.objects.visible_to(world.cast.coordinator)
    assert not Contact.objects.visible_to(world.cast.coordinator).filter(enterprise=company)
    own = add_contact(
        enterprise=company, team=world.cast.team_a, values={"name": "李"}, by=world.cast.member_a
    )
    assert list(Contact.objects.visible_to(world.cast.member_a).filter(enterprise=company)) == [own]


def test_claim_of_a_reopened_confidential_lead_stays_hidden(world: World) -> None:
    """The old claim has no lead any more, and still names the company."""
    secret = Lead.objects.get(title="secret_office")
    old = secret.claim
    Claim.objects.filter(pk=old.pk).update(state="lapsed", ended_on=TODAY)
    fresh = Claim.objects.create(
        enterprise=secret.enterprise,
        team=old.team,
        claimed_on=TODAY,
        lapses_on=TODAY + timedelta(days=90),
    )
    Lead.objects.filter(pk=secret.pk).update(claim=fresh)
    seen = Claim.objects.visible_to(world.cast.member_a)
    assert not seen.filter(enterprise=secret.enterprise).exists()


# --- No model without a scope ---------------------------------------------------------------

# Reached through their record, never by themselves
HISTORY = [m for m in apps.get_models() if hasattr(m, "instance_type")]
OURS = [
    model
    for model in apps.get_models()
    if model._meta.app_config.name in {"kfq_crm.base", "chains", "leads", "services", "seeds"}
    and model not in HISTORY
]
SERVICES = Path(__file__).parent / "services"
# Signing in looks people up before anybody is signed in; pages use `User.staff`.
UNSCOPED_MANAGERS = {(User, "objects")}


@pytest.mark.parametrize("model", OURS, ids=[model.__name__ for model in OURS])
def test_every_manager_knows_who_may_see_its_rows(model: type[models.Model]) -> None:
    for manager in model._meta.managers:
        if (model, manager.name) not in UNSCOPED_MANAGERS:
            assert hasattr(manager, "visible_to"), f"{model.__name__}.{manager.name}"


@pytest.mark.parametrize("model", OURS, ids=[model.__name__ for model in OURS])
def test_every_model_is_asked_about(model: type[models.Model]) -> None:
    """Here, or of services in a world of its own with departments and enterprises."""
    if model._meta.app_label == "services":
        named = (path.read_text(encoding="utf-8") for path in SERVICES.rglob("test_visible*.py"))
        assert any(re.search(rf"\b{model.__name__}\b", text) for text in named), model.__name__
    else:
        assert model in EXPECTED, f"say in EXPECTED who sees which rows of {model.__name__}"
