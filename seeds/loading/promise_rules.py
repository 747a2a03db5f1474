"""Rules on look-backs and on the pace of promises; loaded only while there are none."""

from __future__ import annotations

from leads.models import LookBackRule, PaceRule
from seeds.loading.rules import origin
from seeds.loading.store import make, read


def load_promise_rules() -> None:
    data = read("rules")
    if not LookBackRule.objects.exists():
        for row in data["look_backs"]:
            which = {"after": row["after"], "number": row["number"]}
            make(LookBackRule, **which, months=row["limit"], **origin(data, row))
    if not PaceRule.objects.exists():
        (row,) = data["promise_pace"]
        points = {"behind_points": row["behind"], "far_behind_points": row["far_behind"]}
        make(PaceRule, **points, stale_months=row["limit"], **origin(data, row))
