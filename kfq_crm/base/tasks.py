"""Housekeeping tasks. Each fetches and delegates; rows in the database are the truth."""

from celery import shared_task
from django.core.management import call_command


@shared_task
def clear_expired_sessions() -> None:
    """Delete sessions past their limit; they are already invalid, this only frees the space."""
    call_command("clearsessions")
