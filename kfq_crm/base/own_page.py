"""A record with a page of its own: saving leads there, and so does every link to it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from kfq_crm.base.scoped_admin import ScopedModelAdmin, visible

# One way to save: the record's page follows, and goes on from there.
ONE_BUTTON = {"show_save_and_continue": False, "show_save_and_add_another": False}


class OwnPageAdmin(ScopedModelAdmin):
    """Subclasses name `page_name`; who may not change a record is sent to its page."""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        record = self.get_object(request, object_id)
        if record is not None and not self.has_change_permission(request, record):
            return HttpResponseRedirect(self.page_of(record))
        return super().change_view(
            request, object_id, form_url, {**ONE_BUTTON, **(extra_context or {})}
        )

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return super().add_view(request, form_url, {**ONE_BUTTON, **(extra_context or {})})

    def page_of(self, record: Any) -> str:
        return reverse(self.page_name, args=[record.pk])

    def response_add(self, request: Any, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        messages.success(request, _("Logged: %(record)s") % {"record": obj})
        return self._after(request, obj)

    def response_change(self, request: Any, obj: Any) -> HttpResponse:
        messages.success(request, _("Saved: %(record)s") % {"record": obj})
        return self._after(request, obj)

    def _after(self, request: Any, record: Any) -> HttpResponse:
        """The page, or the list where what was saved hid the record from who saved it."""
        if visible(self.model, request.user).filter(pk=record.pk).exists():
            return HttpResponseRedirect(self.page_of(record))
        options = self.opts
        return HttpResponseRedirect(
            reverse(f"admin:{options.app_label}_{options.model_name}_changelist")
        )
