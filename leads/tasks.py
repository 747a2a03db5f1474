"""Sweeps over leads. Each fetches and delegates; rows in the database are the truth."""

from celery import shared_task

from leads.actions import claims
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
