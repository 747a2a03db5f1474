from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OverviewConfig(AppConfig):
    name = "kfq_crm.overview"
    label = "overview"
    verbose_name = _("Workbench and reports")

    def ready(self) -> None:
        from kfq_crm.overview import digest  # noqa: PLC0415 — models are not ready before this
        from kfq_crm.overview.ledger import write_ledger  # noqa: PLC0415 — as above
        from leads.digest import registry  # noqa: PLC0415 — as above

        registry.register(digest.Targets())
        registry.register(digest.ZoneTargets())
        registry.register_ledger(write_ledger)
