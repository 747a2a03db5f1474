"""Background work: the Celery app and its timetable.

Beat only wakes sweeps; what is due is found in database rows. An entry therefore
expires before its next firing: after an outage one sweep catches up, not a queue of them.
"""

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kfq_crm.settings")

app = Celery("kfq_crm")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

MINUTE = 60
HOUR = 60 * MINUTE


def entry(task: str, schedule: crontab | float, *, expires: float) -> dict[str, Any]:
    """One line of the timetable; `expires` (seconds) must be less than the firing interval."""
    return {"task": task, "schedule": schedule, "options": {"expires": expires}}


app.conf.beat_schedule = {
    "deliver-mail": entry("kfq_crm.base.tasks.deliver_mail", crontab(), expires=50),
    "sweep-feed": entry("kfq_crm.base.tasks.sweep_feed", crontab(), expires=50),
    "clear-expired-sessions": entry(
        "kfq_crm.base.tasks.clear_expired_sessions", crontab(hour=3, minute=10), expires=20 * HOUR
    ),
    "forget-old-answers": entry(
        "kfq_crm.base.tasks.forget_old_answers", crontab(minute=35), expires=HOUR // 2
    ),
    "run-reminders": entry("leads.tasks.run_reminders", crontab(minute="*/5"), expires=4 * MINUTE),
    "make-digests": entry("leads.tasks.make_digests", crontab(minute="*/5"), expires=4 * MINUTE),
    # A claim lapses at midnight; what a night's outage missed, the next hour catches up.
    "lapse-claims": entry("leads.tasks.lapse_claims", crontab(minute=5), expires=HOUR // 2),
    # Before the office opens what is due is there; within the hour what was done since.
    "run-look-backs": entry("leads.tasks.run_look_backs", crontab(minute=20), expires=HOUR // 2),
    # A limit ends at midnight; what an outage missed is granted when the workers are back.
    "run-approvals": entry(
        "services.tasks.run_approvals", crontab(minute="*/5"), expires=4 * MINUTE
    ),
    "close-questions": entry(
        "services.tasks.close_questions", crontab(minute=15), expires=HOUR // 2
    ),
}
