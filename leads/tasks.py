"""Sweeps over leads. Each fetches and delegates; rows in the database are the truth."""

from celery import shared_task

from kfq_crm.base.sweeps import record_sweep
from leads.actions import claims, look_back_sweep
from leads.digest import engine as digest
from leads.reminders import engine

CHUNK = 500


@shared_task
def lapse_claims() -> int:
    """End the claims whose day has passed, so many to a transaction; returns how many."""
    ended = 0
    while count := claims.lapse_claims(limit=CHUNK):
        ended += count
    return ended


@shared_task
def run_reminders() -> None:
    """Record what is due, cancel what no longer is, queue the day's messages."""
    engine.run_reminders()


@shared_task
def make_digests() -> None:
    """Freeze and queue the weekly digests that are due."""
    with record_sweep("make_digests") as sweep:
        result = digest.make_digests()
        sweep.counts, sweep.error = result.counts(), result.error


@shared_task
def run_look_backs() -> None:
    """Make the look-backs that are called for, judge how open promises stand."""
    look_back_sweep.run_look_backs()
