"""The office's admin site: Unfold's, with pages of our own beside those of the models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from unfold.sites import UnfoldAdminSite

View = Callable[..., HttpResponse]


class OfficeSite(UnfoldAdminSite):
    """Pages register themselves while apps load (`add_page`), before addresses are read."""

    enable_nav_sidebar = True

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.pages: list[tuple[str, View, str]] = []
        self.home: View | None = None

    def add_page(self, route: str, view: View, name: str) -> None:
        """Put a page under the admin's address, for signed-in staff: `admin:<name>`."""
        self.pages.append((route, view, name))

    def extra_urls(self) -> list[URLPattern]:
        return [path(route, self.admin_view(view), name=name) for route, view, name in self.pages]

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The first page after signing in: the workbench, set by the roof."""
        if self.home is None:
            return super().index(request, extra_context)
        return self.home(request)


class OfficeAdminConfig(AdminConfig):
    default_site = "kfq_crm.base.site.OfficeSite"
