"""The sign-in page, its second step with a code, and the change of one's own password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import login, signals, update_session_auth_hash
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from unfold.forms import AdminOwnPasswordChangeForm, AuthenticationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from kfq_crm.base import accounts, second_factor
from kfq_crm.base.addresses import client_address
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.forms import ActionForm, add_violation
from kfq_crm.base.models import User
from kfq_crm.base.pages import office_page

PENDING = "sign_in_pending"
# Between password and code; then the password is asked for again.
PENDING_SECONDS = 300


class SignIn(LoginView):
    """Name and password. With a second factor nobody is signed in before the code is right."""

    authentication_form = AuthenticationForm
    template_name = "admin/login.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.method == "GET" and admin.site.has_permission(request):
            return redirect("admin:index")
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        frame = admin.site.each_context(self.request)
        own = {"title": _("Sign in"), "zone": settings.ZONE_NAME}
        return {**context, **frame, **own, "app_path": self.request.get_full_path()}

    def form_valid(self, form: Any) -> HttpResponse:
        user = form.get_user()
        self.request.session.pop(PENDING, None)
        if not second_factor.is_on(user):
            return super().form_valid(form)
        self.request.session[PENDING] = {
            "user": user.pk,
            "backend": user.backend,
            "hash": user.get_session_auth_hash(),
            "at": timezone.now().timestamp(),
            "next": self.get_success_url(),
        }
        return redirect("admin:sign_in_code")


class CodeForm(ActionForm):
    """Six digits from the telephone, or a backup code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "autofocus": "", "spellcheck": "false"}
        ),
    )


@sensitive_post_parameters("code")
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """The second step. A wrong code counts towards the lock-out like a wrong password."""
    user = _pending_user(request)
    if user is None:
        messages.info(request, _("Please sign in with your password first."))
        return redirect("admin:login")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            device = second_factor.verify(user, form.cleaned_data["code"])
        except RuleViolation as violation:
            add_violation(form, violation)
            _count_failure(request, user, violation)
        else:
            return _enter(request, user, device)
    own = {"title": _("Second step"), "zone": settings.ZONE_NAME, "form": form}
    context = {**admin.site.each_context(request), **own}
    return TemplateResponse(request, "base/sign_in_code.html", context)


def _pending_user(request: HttpRequest) -> User | None:
    """Who has given the right password in this session a moment ago; the state may be stale."""
    pending = request.session.get(PENDING) or {}
    if timezone.now().timestamp() - pending.get("at", 0) > PENDING_SECONDS:
        return None
    user = User.objects.filter(pk=pending["user"], is_active=True).first()
    allowed = user and AxesProxyHandler.is_allowed(request, {"username": user.username})
    return user if user and allowed and user.get_session_auth_hash() == pending["hash"] else None


def _count_failure(request: HttpRequest, user: User, violation: RuleViolation) -> None:
    if violation.code == "code_wrong":
        signals.user_login_failed.send(
            sender=__name__,
            credentials={"username": user.username},
            request=request,
            step="code",
        )


def _enter(request: HttpRequest, user: User, device: Any) -> HttpResponse:
    pending = request.session.pop(PENDING)
    user.otp_device = device  # type: ignore[attr-defined]  # read by django-otp at sign-in
    login(request, user, backend=pending["backend"])
    return HttpResponseRedirect(pending["next"])


@sensitive_post_parameters()
def own_password(request: HttpRequest) -> HttpResponse:
    """Choose a new password; the other sign-ins of this person end, this one goes on."""
    user = request.user
    form = AdminOwnPasswordChangeForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            changed = accounts.change_own_password(
                user=user,
                password=form.cleaned_data["new_password1"],
                address=client_address(request),
            )
        except RuleViolation as violation:
            add_violation(form, violation)
        else:
            update_session_auth_hash(request, changed)
            messages.success(request, _("Your password is changed."))
            return redirect("admin:index")
    context = {"form": form, "is_due": user.must_change_password}
    return office_page(request, "base/own_password.html", _("Change your password"), context)


class PasswordDue:
    """Middleware, after authentication: a one-time password opens the page that replaces it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        due = request.user.is_authenticated and request.user.must_change_password
        if due and request.path not in _open_while_due():
            return redirect("admin:password_change")
        return self.get_response(request)


def _open_while_due() -> set[str]:
    return {reverse("admin:password_change"), reverse("admin:logout"), reverse("admin:jsi18n")}


sign_in = method_decorator(sensitive_post_parameters("password"), name="dispatch")(
    method_decorator(never_cache, name="dispatch")(SignIn)
).as_view()
