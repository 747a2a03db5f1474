"""What the tests of approval pages share: addresses, forms as pages send them."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client
from django.urls import reverse

from kfq_crm.base.models import User
from services.models import ApprovalPlan, ApprovalStep

CHINESE = re.compile("[\u4e00-\u9fff]")


def as_(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def plan_page(plan: ApprovalPlan) -> str:
    return reverse("admin:services_approvalplan_page", args=[plan.pk])


def step_page(step: ApprovalStep) -> str:
    return reverse("admin:services_approvalstep_page", args=[step.pk])


def verb(record: Any, name: str) -> str:
    model = record._meta.model_name
    return reverse(f"admin:services_{model}_{name}", args=[record.pk])


def send(client: Client, record: Any, name: str, **values: Any) -> Any:
    """Send a verb's form as the page just opened shows it."""
    record.refresh_from_db()
    return client.post(verb(record, name), {"expected_version": record.version, **values})


def offered(client: Client, step: ApprovalStep) -> list[str]:
    """The verbs that the step's page offers to whoever is signed in, in their order."""
    answer = client.get(step_page(step))
    return [offer.verb for offer in answer.context["offers"]]
