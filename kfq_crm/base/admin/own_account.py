"""One's own account: who I am here, my password, the code at sign-in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminPasswordWidget

from kfq_crm.base import second_factor, sign_in
from kfq_crm.base.addresses import client_address
from kfq_crm.base.admin.absences import absence_today
from kfq_crm.base.admin.own_channel import way_of
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.forms import ActionForm, add_violation
from kfq_crm.base.groups import owned_by, role_groups
from kfq_crm.base.pages import office_page


class PasswordForm(ActionForm):
    """The own password, so that an unattended screen is not enough."""

    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise forms.ValidationError(_("This is not your password."), code="password_wrong")
        return password


def own_account(request: HttpRequest) -> HttpResponse:
    """The page behind one's own name."""
    user = request.user
    return office_page(
        request,
        "base/own_account.html",
        _("My account"),
        {
            "person": user,
            "teams": list(owned_by(user)),
            "roles": role_groups().filter(user=user),
            "code_is_on": second_factor.is_on(user),
            "codes_left": second_factor.backup_codes_left(user),
            "absence": absence_today(user),
            **way_of(user),
        },
    )


@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Make a secret and go to the page that shows it."""
    try:
        second_factor.begin_setup(by=request.user)
    except RuleViolation as violation:
        messages.warning(request, str(violation))
        return redirect("admin:own_account")
    return redirect("admin:code_setup")


@never_cache
@sensitive_post_parameters("code")
def set_up(request: HttpRequest) -> HttpResponse:
    """The secret as a picture and as text; a code from the telephone switches it on."""
    device = second_factor.pending(request.user).first()
    if device is None:
        return redirect("admin:own_account")
    form = sign_in.CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            codes = second_factor.confirm_setup(
                by=request.user, code=form.cleaned_data["code"], address=client_address(request)
            )
        except RuleViolation as violation:
            add_violation(form, violation)
        else:
            return _backup_codes(request, codes)
    context = {
        "form": form,
        "picture": second_factor.qr_code(device),
        "secret": second_factor.secret_text(device),
    }
    return office_page(request, "base/code_setup.html", _("Set up the code at sign-in"), context)


@never_cache
@sensitive_post_parameters("password")
def renew_codes(request: HttpRequest) -> HttpResponse:
    """New backup codes in place of the old ones."""
    return _with_password(
        request,
        title=_("New backup codes"),
        consequence=_("The backup codes that you have now become void."),
        act=lambda: _backup_codes(
            request,
            second_factor.renew_backup_codes(by=request.user, address=client_address(request)),
        ),
    )


@never_cache
@sensitive_post_parameters("password")
def switch_off(request: HttpRequest) -> HttpResponse:
    """Back to the password alone."""

    def act() -> HttpResponse:
        second_factor.switch_off(
            user=request.user, by=request.user, address=client_address(request)
        )
        messages.success(request, _("The code at sign-in is switched off."))
        return redirect("admin:own_account")

    return _with_password(
        request,
        title=_("Switch off the code at sign-in"),
        consequence=_("Your password alone will be enough to sign in."),
        act=act,
    )


def _with_password(request: HttpRequest, *, title: str, consequence: str, act: Any) -> HttpResponse:
    if not second_factor.is_on(request.user):
        return redirect("admin:own_account")
    form = PasswordForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        answer: HttpResponse = act()
        return answer
    context = {"form": form, "consequence": consequence}
    return office_page(request, "base/confirm_with_password.html", title, context)


def _backup_codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    return office_page(request, "base/backup_codes.html", _("Backup codes"), {"codes": codes})


admin.site.sign_in = sign_in.sign_in
admin.site.own_password = sign_in.own_password
admin.site.add_open_page("login/code/", sign_in.sign_in_code, "sign_in_code")
admin.site.add_page("account/", own_account, "own_account")
admin.site.add_page("account/code/begin/", begin, "code_begin")
admin.site.add_page("account/code/", set_up, "code_setup")
admin.site.add_page("account/code/backup/", renew_codes, "code_renew_backup")
admin.site.add_page("account/code/off/", switch_off, "code_switch_off")
