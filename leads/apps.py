from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LeadsConfig(AppConfig):
    name = "leads"
    label = "leads"
    verbose_name = _("Leads and contracts")

    def ready(self) -> None:
        from leads import chain_figures, panels, published  # noqa: PLC0415 — models are not ready before this

        chain_figures.register()
        panels.register()
        published.publish()
