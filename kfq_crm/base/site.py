"""The office's admin site: Unfold's, with pages of our own beside those of the models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from unfold.sites import UnfoldAdminSite

View = Callable[..., HttpResponse]
OWN_APPS = ("kfq_crm.", "chains.", "leads.", "services.", "seeds.")


class OfficeSite(UnfoldAdminSite):
    """Pages register themselves while apps load (`add_page`), before addresses are read."""

    enable_nav_sidebar = True

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.pages: list[tuple[str, View, str]] = []
        self.open_pages: list[URLPattern] = []
        self.home: View | None = None
        self.sign_in: View | None = None
        self.own_password: View | None = None

    def add_page(self, route: str, view: View, name: str) -> None:
        """Put a page under the admin's address, for signed-in staff: `admin:<name>`."""
        self.pages.append((route, view, name))

    def add_open_page(self, route: str, view: View, name: str) -> None:
        """The same for people who have not signed in yet."""
        self.open_pages.append(path(route, never_cache(login_not_required(view)), name=name))

    def extra_urls(self) -> list[URLPattern]:
        closed = [path(route, self.admin_view(view), name=name) for route, view, name in self.pages]
        return [*closed, *self.open_pages]

    def get_urls(self) -> list[Any]:
        """Without the redirect that opens any row of any table by number, asking nobody."""
        named = super().get_urls()
        return [part for part in named if getattr(part, "name", "") != "view_on_site"]

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Only scoped admins have pages: those that libraries register read past visibility."""
        if getattr(admin_class, "is_scoped", False):
            super().register(model_or_iterable, admin_class, **options)
        elif str(getattr(admin_class, "__module__", "")).startswith(OWN_APPS):
            raise ImproperlyConfigured(f"{admin_class} must extend ScopedModelAdmin.")

    @method_decorator(never_cache)
    @login_not_required
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Name and password, then a code where the person has set one up."""
        if self.sign_in is None:
            return super().login(request, extra_context)
        return self.sign_in(request)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The own password, changed by an action."""
        if self.own_password is None:
            return super().password_change(request, extra_context)
        return self.own_password(request)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Nothing: the sidebar leads by work, not by table, and every page would otherwise ask
        the rights over every table."""
        return []

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """No page of tables either: the first part of a page's path leads to the workbench."""
        return HttpResponseRedirect(reverse("admin:index"))

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The first page after signing in: the workbench, set by the roof."""
        if self.home is None:
            return super().index(request, extra_context)
        return self.home(request)


class OfficeAdminConfig(AdminConfig):
    default_site = "kfq_crm.base.site.OfficeSite"
