"""Investment attraction by industry chain: project package."""

from kfq_crm.celery import app as celery_app

__all__ = ["celery_app"]
