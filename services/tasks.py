"""Sweeps over approvals and questions. Each delegates; rows in the database are the truth."""

from celery import shared_task

from services.actions import approval_sweep, feedback


@shared_task
def run_approvals() -> None:
    """Let promises lapse, accept what nobody answered, grant what a department let pass."""
    approval_sweep.run_approvals()


@shared_task
def close_questions() -> None:
    """Close the questions whose outcome nobody rated in time."""
    feedback.sweep_unrated()
