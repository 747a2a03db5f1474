"""The ground's own admin: people, mail, calendar, log; what libraries register is left out."""

from kfq_crm.base.admin import (
    absences,
    access_log,
    accounts,
    calendar,
    feed_rules,
    mails,
    operations_page,
    own_account,
    own_channel,
    own_messages,
    quiet_hours,
    staff,
    token_rules,
    tokens,
)

__all__ = [
    "absences",
    "access_log",
    "accounts",
    "calendar",
    "feed_rules",
    "mails",
    "operations_page",
    "own_account",
    "own_channel",
    "own_messages",
    "quiet_hours",
    "staff",
    "token_rules",
    "tokens",
]
