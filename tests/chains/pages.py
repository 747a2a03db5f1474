"""What the tests of the chains' admin share."""

from typing import Any

from django.test import Client
from django.urls import reverse

from chains.actions.lists import save_target_company
from chains.models import TargetCompany
from kfq_crm.base.models import User
from tests.cast import Cast


def a_company(cast: Cast, name: str = "演示航空动力有限公司", **values: Any) -> TargetCompany:
    values = {"name": name, "chain": cast.chain_a, **values}
    return save_target_company(company=TargetCompany(), values=values, by=cast.coordinator)


def page(client: Client, who: User, route: str, *args: Any, **query: Any) -> Any:
    client.force_login(who)
    return client.get(reverse(f"admin:chains_{route}", args=args), query)


def send(client: Client, who: User, route: str, *args: Any, **data: Any) -> Any:
    client.force_login(who)
    return client.post(reverse(f"admin:chains_{route}", args=args), data)


def listed(client: Client, who: User, model: str, **query: Any) -> list[Any]:
    response = page(client, who, f"{model}_changelist", **query)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)
