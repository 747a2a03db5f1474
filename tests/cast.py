"""The named cast: everybody whose view of the data a test may ask for.

Two chains with a team each, the coordination office over them, a chain leader, and three who
should see nothing: staff without a team, a disabled member, nobody.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pytest

from chains.actions.teams import add_member, appoint, create_team
from chains.models import Chain, ChainKind, TaskTeam
from chains.roles import CHAIN_LEADER, COORDINATION, role_group
from kfq_crm.base.models import User
from leads.models import CadenceRule, ClaimRule, ScaleThreshold, WorksTerm
from tests.factories import ChainFactory, UserFactory
from tests.remembered import remembered

RULES_SINCE = date(2020, 1, 1)
CADENCES = [
    ("lead", "", 1),
    ("screening", "A", 5),
    ("screening", "", 3),
    ("negotiating", "A", 5),
    ("negotiating", "B", 10),
    ("negotiating", "C", 20),
    ("signed", "", 10),
]
THRESHOLDS = [
    ("A", "CNY", 50000),
    ("B", "CNY", 10000),
    ("C", "CNY", 0),
    ("A", "USD", 3000),
    ("B", "USD", 1000),
    ("C", "USD", 0),
]


WORKS = [
    ("桩基", True, "桩基、打桩"),
    ("主体结构", True, "主体、钢结构"),
    ("场地平整", False, "平整、场平"),
    ("临时工程", False, "临时、围挡"),
]


@dataclass(frozen=True)
class Cast:
    """All of them, made together: a team without its head is not a team of this zone."""

    chain_a: Chain
    chain_b: Chain
    team_a: TaskTeam
    team_b: TaskTeam
    member_a: User
    second_member_a: User
    head_a: User
    member_b: User
    head_b: User
    coordinator: User
    chain_leader_a: User
    outsider: User
    disabled: User

    def people(self) -> Iterator[tuple[str, User]]:
        """Name in the cast and person, for tests that ask everybody."""
        return ((name, value) for name, value in vars(self).items() if isinstance(value, User))


@pytest.fixture
def rules(db: None) -> None:
    """Cadences, the 90 days of a claim, thresholds in both currencies, works that count."""
    CadenceRule.objects.bulk_create(
        CadenceRule(valid_from=RULES_SINCE, stage=stage, band=band, working_days=days)
        for stage, band, days in CADENCES
    )
    ClaimRule.objects.create(valid_from=RULES_SINCE, days_without_progress=90)
    ScaleThreshold.objects.bulk_create(
        ScaleThreshold(valid_from=RULES_SINCE, band=band, currency=currency, minimum=minimum)
        for band, currency, minimum in THRESHOLDS
    )
    WorksTerm.objects.bulk_create(
        WorksTerm(valid_from=RULES_SINCE, name=name, counts=counts, words=words)
        for name, counts, words in WORKS
    )


@pytest.fixture
def cast(rules: None) -> Cast:
    return remembered("cast", _cast)


def _cast() -> Cast:
    coordinator = UserFactory(username="coordinator", display_name="招商办")
    coordinator.groups.add(role_group(COORDINATION))
    chain_a = ChainFactory(code="aerospace", name="航空航天", kind=ChainKind.CHAIN)
    chain_b = ChainFactory(code="new-materials", name="新材料", kind=ChainKind.CHAIN)
    team_a, (head_a, member_a, second_member_a, disabled) = _team(
        chain_a, coordinator, "航空航天专班", ["head_a", "member_a", "second_member_a", "disabled"]
    )
    team_b, (head_b, member_b) = _team(chain_b, coordinator, "新材料专班", ["head_b", "member_b"])
    chain_leader_a = UserFactory(username="chain_leader_a", display_name="链长甲")
    chain_leader_a.groups.add(role_group(CHAIN_LEADER))
    team_a = appoint(team=team_a, leader=chain_leader_a, by=coordinator)
    disabled.is_active = False
    disabled.save()
    return Cast(
        chain_a=chain_a,
        chain_b=chain_b,
        team_a=team_a,
        team_b=team_b,
        member_a=member_a,
        second_member_a=second_member_a,
        head_a=head_a,
        member_b=member_b,
        head_b=head_b,
        coordinator=coordinator,
        chain_leader_a=chain_leader_a,
        outsider=UserFactory(username="outsider", display_name="无专班"),
        disabled=disabled,
    )


def _team(chain: Chain, by: User, name: str, usernames: list[str]) -> tuple[TaskTeam, list[User]]:
    """A team with its people; the first one is its head."""
    team = create_team(chain=chain, name=name, lead_unit=f"{chain.name}牵头单位", by=by)
    people = [UserFactory(username=username) for username in usernames]
    for person in people:
        add_member(team=team, user=person, by=by, joined_on=RULES_SINCE)
    return appoint(team=team, head=people[0], by=by), people


@pytest.fixture
def chain_a(cast: Cast) -> Chain:
    return cast.chain_a


@pytest.fixture
def chain_b(cast: Cast) -> Chain:
    return cast.chain_b


@pytest.fixture
def team_a(cast: Cast) -> TaskTeam:
    return cast.team_a


@pytest.fixture
def team_b(cast: Cast) -> TaskTeam:
    return cast.team_b


@pytest.fixture
def member_a(cast: Cast) -> User:
    return cast.member_a


@pytest.fixture
def second_member_a(cast: Cast) -> User:
    return cast.second_member_a


@pytest.fixture
def head_a(cast: Cast) -> User:
    return cast.head_a


@pytest.fixture
def member_b(cast: Cast) -> User:
    return cast.member_b


@pytest.fixture
def head_b(cast: Cast) -> User:
    return cast.head_b


@pytest.fixture
def coordinator(cast: Cast) -> User:
    """The coordination office: sees all teams' work, reads no confidential lead by office."""
    return cast.coordinator


@pytest.fixture
def chain_leader_a(cast: Cast) -> User:
    return cast.chain_leader_a


@pytest.fixture
def outsider(cast: Cast) -> User:
    """Active staff without a team."""
    return cast.outsider


@pytest.fixture
def disabled(cast: Cast) -> User:
    """A member of team A whose account was disabled."""
    return cast.disabled
