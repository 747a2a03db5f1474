"""The product's celery app with a timetable in seconds, every line of it doubled."""

from kfq_crm.celery import app

SWEEPS = ("leads.tasks.run_reminders", "kfq_crm.base.tasks.deliver_mail")
app.conf.beat_schedule = {
    f"{task}-{copy}": {"task": task, "schedule": 2.0, "options": {"expires": 30}}
    for task in SWEEPS
    for copy in (1, 2)
}
