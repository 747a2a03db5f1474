from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LeadsConfig(AppConfig):
    name = "leads"
    label = "leads"
    verbose_name = _("Leads and contracts")

    def ready(self) -> None:
        from leads import panels, published  # noqa: PLC0415 — models are not ready before this

        panels.register()
        published.publish()
