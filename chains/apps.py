from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChainsConfig(AppConfig):
    name = "chains"
    label = "chains"
    verbose_name = _("Chains and task teams")

    def ready(self) -> None:
        from chains.models import TaskTeam  # noqa: PLC0415 — models are not ready before this
        from kfq_crm.base import groups  # noqa: PLC0415 — as above

        groups.OWNERS.append(groups.GroupOwner(TaskTeam, "group", "admin:team_page"))
