from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChainsConfig(AppConfig):
    name = "chains"
    label = "chains"
    verbose_name = _("Chains and task teams")

    def ready(self) -> None:
        from chains import published  # noqa: PLC0415 — models are not ready before this
        from chains.models import TaskTeam  # noqa: PLC0415 — as above
        from chains.permissions import headed_people  # noqa: PLC0415 — as above
        from chains.roles import GROUP_NAMES, MAYORS_OFFICE, grant_mayors_office  # noqa: PLC0415 — as above
        from kfq_crm.base import absences, groups, service_accounts  # noqa: PLC0415 — as above

        published.publish()
        groups.OWNERS.append(groups.GroupOwner(TaskTeam, "group", "admin:team_page"))
        absences.may_keep_for(headed_people)
        service_accounts.provide(
            MAYORS_OFFICE,
            service_accounts.ServiceAccount(GROUP_NAMES[MAYORS_OFFICE], grant_mayors_office),
        )
