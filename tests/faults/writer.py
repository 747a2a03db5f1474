"""A process that writes to published records until so many changes are committed by all of them:
`python -m tests.faults.writer SEED CHANGES`. One transaction in seven is taken back."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from random import Random

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.faults.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402 — models are not ready before setup()

from chains.models import Segment  # noqa: E402 — as above
from kfq_crm.base.models import Change, User  # noqa: E402 — as above
from leads.actions.followups import log_follow_up  # noqa: E402 — as above
from leads.actions.pipeline import update_lead  # noqa: E402 — as above
from leads.models import FollowUp, Lead  # noqa: E402 — as above


class TakenBack(Exception):
    """The transaction ends without a trace."""


class Writer:
    """One of many at once; each works on leads of its own, and all on the same taxonomy."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.seed = seed
        self.made = 0
        self.leads = list(Lead.objects.filter(summary=f"writer {seed}").order_by("pk"))
        self.by = User.objects.get(username="member_a")
        self.chain = self.leads[0].chain

    def work(self, target: int) -> None:
        deeds: tuple[Callable[[], None], ...] = (
            *(self.talk, self.talk, self.retitle, self.update_a_set),
            *(self.add_a_segment, self.remove_segments, self.remove_talks, self.hide_or_show),
        )
        while Change.objects.count() < target:
            for _ in range(5):
                with suppress(TakenBack):
                    self._transact(self.dice.choice(deeds))

    def _transact(self, deed: Callable[[], None]) -> None:
        with transaction.atomic():
            deed()
            if self.dice.random() < 0.15:
                raise TakenBack

    def _lead(self) -> Lead:
        return self.dice.choice(self.leads)

    def talk(self) -> None:
        values = {"method": "call", "summary": f"第{self.dice.random()}次电话"}
        log_follow_up(lead=self._lead(), values=values, by=self.by)

    def retitle(self) -> None:
        values = {"title": f"项目{self.dice.random()}"}
        update_lead(lead=self._lead(), values=values, by=self.by, expected=None)

    def update_a_set(self) -> None:
        rows = Lead.objects.filter(summary=f"writer {self.seed}")
        rows.update(talent_need=f"{self.dice.random()}")

    def add_a_segment(self) -> None:
        self.made += 1
        name = f"{self.seed}-{self.made}-{self.dice.randrange(10**9)}"
        Segment.objects.create(chain=self.chain, code=f"s{name}", name=f"环节{name}")

    def remove_segments(self) -> None:
        Segment.objects.filter(code__startswith=f"s{self.seed}-").delete()

    def remove_talks(self) -> None:
        old = FollowUp.objects.filter(lead=self._lead()).order_by("pk")[:3]
        FollowUp.objects.filter(pk__in=[talk.pk for talk in old]).delete()

    def hide_or_show(self) -> None:
        lead = Lead.objects.get(pk=self._lead().pk)
        values = {"confidential": not lead.confidential, "code_name": "代号"}
        update_lead(lead=lead, values=values, by=self.by, expected=None)


def main() -> None:
    seed, target = int(sys.argv[1]), int(sys.argv[2])
    Writer(seed).work(target)
    connection.close()


if __name__ == "__main__":
    main()
