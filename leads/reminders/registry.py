"""The rules that a sweep goes through; services adds its own when its app is ready."""

from __future__ import annotations

from leads.reminders import lead_rules as rules
from leads.reminders import project_rules, promise_rules
from leads.reminders.rules import ReminderRule

_RULES: dict[str, ReminderRule] = {}


def register(rule: ReminderRule) -> None:
    """Add a rule; its code is unique and lasts, since reminders are known by it."""
    if rule.code in _RULES:
        raise ValueError(f"the reminder rule {rule.code} is registered already")
    _RULES[rule.code] = rule


def all_rules() -> list[ReminderRule]:
    return list(_RULES.values())


def rule_of(code: str) -> ReminderRule | None:
    return _RULES.get(code)


for _rule in (
    rules.FirstResponse(),
    rules.ScreeningVerdict(),
    rules.ReferrerReply(),
    rules.NextAction(),
    rules.NoContact(),
    rules.OpenBlocker(),
    rules.YellowCard(),
    rules.RedCard(),
    rules.OffTheList(),
    rules.WakeUp(),
    project_rules.ProgressReportDue(),
    project_rules.MilestoneBehind(),
    promise_rules.PromiseDue(),
    promise_rules.LookBackDue(),
    promise_rules.RectificationDue(),
):
    register(_rule)
