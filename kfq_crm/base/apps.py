from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BaseConfig(AppConfig):
    name = "kfq_crm.base"
    label = "base"
    verbose_name = _("People and system")

    def ready(self) -> None:
        from kfq_crm.base import sessions, sign_in_log  # noqa: PLC0415 — models are not ready before this

        sessions.connect()
        sign_in_log.connect()
