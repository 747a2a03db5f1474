"""Whatever is written, hidden, deleted, taken back or put back, and whenever a consumer dies: after
its next poll its copy is what the lists say."""

from copy import deepcopy
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from chains.actions.teams import appoint
from kfq_crm.base import feed
from kfq_crm.base.models import User
from leads.actions.pipeline import update_lead
from leads.models import FollowUp, Lead
from tests.api_cast import ClientOf, Program
from tests.cast import Cast
from tests.factories import follow_up, log_a_lead
from tests.replica import Replica

READERS = ("everything", "member_a", "second_member_a", "head_a", "member_b", "coordinator")
LEADS = 3
places = st.integers(0, LEADS - 1)
readers = st.sampled_from(READERS)


class Feed(RuleBasedStateMachine):
    """One world for all steps; it is taken back at the end. `prepared` is set by the test."""

    prepared: tuple[Cast, dict[str, Program]]

    def __init__(self) -> None:
        super().__init__()
        self.cast, programs = self.prepared
        self.block = transaction.atomic()
        self.block.__enter__()
        self.leads = [log_a_lead(by=self.cast.member_a).pk for _ in range(LEADS)]
        self.copies = {name: Replica(program) for name, program in programs.items()}
        for copy in self.copies.values():
            copy.begin()
        self.begun = {name: feed.position()[1] for name in programs}
        self.backup = transaction.savepoint()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    def lead(self, place: int) -> Lead:
        return Lead.objects.get(pk=self.leads[place])

    def update(self, place: int, **values: Any) -> None:
        update_lead(lead=self.lead(place), values=values, by=self.cast.member_a, expected=None)

    # --- Writing -----------------------------------------------------------------------------

    @rule(place=places)
    def talk(self, place: int) -> None:
        follow_up(self.lead(place), by=self.cast.member_a)

    @rule(place=places, text=st.sampled_from("甲乙丙"))
    def retitle(self, place: int, text: str) -> None:
        self.update(place, title=f"项目{text}")

    @rule(place=places, confidential=st.booleans())
    def hide_or_show(self, place: int, confidential: bool) -> None:
        self.update(place, confidential=confidential, code_name="代号")

    @rule(place=places, names=st.sets(st.sampled_from(["member_b", "second_member_a"])))
    def name_readers(self, place: int, names: set[str]) -> None:
        self.update(place, readers=[getattr(self.cast, name) for name in names])

    @rule(place=places, shared=st.booleans())
    def share(self, place: int, shared: bool) -> None:
        self.update(place, secondary_chains=[self.cast.chain_b] if shared else [])

    @rule(place=places)
    def delete_talks(self, place: int) -> None:
        FollowUp.objects.filter(lead=self.leads[place]).delete()

    @rule()
    def hide_all_in_a_set(self) -> None:
        Lead.objects.filter(pk__in=self.leads).update(confidential=True, code_name="代号")

    @rule(place=places)
    def take_back(self, place: int) -> None:
        with transaction.atomic():
            self.talk(place)
            self.hide_or_show(place, confidential=True)
            transaction.set_rollback(True)

    @rule(head=st.sampled_from(["head_a", "second_member_a"]))
    def appoint_head(self, head: str) -> None:
        appoint(team=self.cast.team_a, head=getattr(self.cast, head), by=self.cast.coordinator)

    # --- Reading -----------------------------------------------------------------------------

    @rule(name=readers, limit=st.sampled_from([1, 3, 1000]))
    def poll(self, name: str, limit: int) -> None:
        copy = self.copies[name]
        snapshots, told = copy.snapshots, len(copy.numbers)
        copy.poll(limit)
        assert copy.rows == copy.truth()
        if name == "everything" and copy.snapshots == snapshots:
            last = feed.position()[1]
            fresh = copy.numbers[told:]
            assert fresh == list(range(self.begun[name] + 1, last + 1))
        self.begun[name] = feed.position()[1]

    @rule(name=readers)
    def die_before_storing(self, name: str) -> None:
        """The answer came; rows and cursor are what they were."""
        deepcopy_of(self.copies[name]).poll(2)

    # --- Putting back ------------------------------------------------------------------------

    @rule()
    def back_up(self) -> None:
        self.backup = transaction.savepoint()

    @rule()
    def put_back(self) -> None:
        """Without a word to the feed, which has to notice by itself."""
        transaction.savepoint_rollback(self.backup)


def deepcopy_of(copy: Replica) -> Replica:
    return Replica(copy.program, deepcopy(copy.rows), copy.cursor, list(copy.numbers))


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.django_db
def test_copies_follow_whatever_happens(cast: Cast, client_of: ClientOf) -> None:
    permission = Permission.objects.get(codename="read_confidential_leads")
    whole = User.objects.get(pk=cast.coordinator.pk)
    office = client_of(whole)
    other = User.objects.create(username="whole", display_name="全部")
    other.groups.set(whole.groups.all())
    other.user_permissions.add(permission)
    programs = {
        name: client_of(getattr(cast, name))
        for name in READERS
        if name not in {"everything", "coordinator"}
    }
    programs |= {"coordinator": office, "everything": client_of(other)}
    Feed.prepared = cast, programs
    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # hypothesis leaves it untyped
        Feed,
        settings=settings(
            max_examples=8,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )
