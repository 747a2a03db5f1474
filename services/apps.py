from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ServicesConfig(AppConfig):
    name = "services"
    label = "services"
    verbose_name = _("Enterprise services")

    def ready(self) -> None:
        from services import approval_panel, digest, published  # noqa: PLC0415 — models are not ready before this
        from services.panels import expect_sweeps  # noqa: PLC0415 — as above
        from services.reminders import approvals, questions  # noqa: PLC0415 — as above

        expect_sweeps()
        approval_panel.register()
        questions.register_rules()
        approvals.register_rules()
        published.publish()
        digest.register_sections()
