"""Tasks of the ground. Each fetches and delegates; rows in the database are the truth."""

from celery import shared_task
from django.core.management import call_command

from kfq_crm.base import feed, mail
from kfq_crm.base.api.writes import forget_old
from kfq_crm.base.sweeps import record_sweep


@shared_task
def clear_expired_sessions() -> None:
    """Delete sessions past their limit; they are already invalid, this only frees the space."""
    with record_sweep("clear_expired_sessions"):
        call_command("clearsessions")


@shared_task
def forget_old_answers() -> None:
    """Delete the kept answers to programs' creations that are a day old."""
    with record_sweep("forget_old_answers") as sweep:
        sweep.counts = {"forgotten": forget_old()}


@shared_task
def deliver_mail() -> None:
    """Send what is due in the outbox."""
    with record_sweep("deliver_mail") as sweep:
        delivery = mail.deliver_due()
        sweep.counts, sweep.error = delivery.counts(), delivery.error


@shared_task
def sweep_feed() -> None:
    """Number the changes that no reader has asked for yet, and drop those too old to keep."""
    with record_sweep("sweep_feed") as sweep:
        sweep.counts = feed.sweep_feed()
