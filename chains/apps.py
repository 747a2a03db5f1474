from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChainsConfig(AppConfig):
    name = "chains"
    label = "chains"
    verbose_name = _("Chains and task teams")

    def ready(self) -> None:
        from chains.models import TaskTeam  # noqa: PLC0415 — models are not ready before this
        from chains.permissions import headed_people  # noqa: PLC0415 — as above
        from kfq_crm.base import absences, groups  # noqa: PLC0415 — as above

        groups.OWNERS.append(groups.GroupOwner(TaskTeam, "group", "admin:team_page"))
        absences.may_keep_for(headed_people)
