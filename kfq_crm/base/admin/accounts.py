"""Accounts: list, form, one-time passwords, disabling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.cache import never_cache
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from kfq_crm.base import accounts, second_factor
from kfq_crm.base.action_page import ActionPage
from kfq_crm.base.addresses import client_address
from kfq_crm.base.changelist import Tab
from kfq_crm.base.forms import RuleModelForm
from kfq_crm.base.groups import owned_by, role_groups
from kfq_crm.base.models import User
from kfq_crm.base.pages import office_page
from kfq_crm.base.scoped_admin import ScopedModelAdmin
from kfq_crm.base.templatetags.office import day


class AccountForm(RuleModelForm):
    """What is known of a person, and the roles; teams are kept on the teams' pages."""

    roles = forms.ModelMultipleChoiceField(
        label=gettext_lazy("roles"),
        queryset=Group.objects.none(),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=gettext_lazy(
            "Members of a task team need no role: they get their rights on the team's page."
        ),
    )

    class Meta:
        model = User
        fields = ("username", "display_name", "unit", "post", "phone", "email")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = self.fields["roles"]
        roles.queryset = role_groups()  # type: ignore[attr-defined]  # a choice of rows
        if self.instance.pk:
            self.initial.setdefault("roles", list(role_groups().filter(user=self.instance)))
        if "username" in self.fields:
            self.fields["username"].help_text = gettext_lazy(
                "Letters, digits and . _ -, for example zhang.wei; it cannot be changed later."
            )


@admin.register(User)
class AccountAdmin(ScopedModelAdmin):
    """Accounts of the staff. Nobody is deleted: every record names who wrote it."""

    form = AccountForm
    list_display = ("display_name", "username", "unit", "post", "belongs_to", "last_seen", "state")
    phone_columns = ("unit", "belongs_to", "state")
    search_fields = ("username", "display_name", "unit", "phone")
    ordering = ("username",)
    readonly_fields = ("sign_in_name", "teams", "account_state", "code_state")

    # --- Reading ---------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """With whether this person may do the verbs below to the account: not to the own one."""
        me: Any = request.user
        others = ~Q(pk=me.pk) if me.is_superuser else ~Q(pk=me.pk) & Q(is_superuser=False)
        in_hand = ExpressionWrapper(others, output_field=BooleanField())
        return super().get_queryset(request).annotate(in_hand=in_hand).prefetch_related("groups")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and not accounts.may_administer(request.user, obj):
            return False
        return super().has_change_permission(request, obj)

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        return (
            Tab("active", pgettext("accounts", "in use")),
            Tab("disabled", pgettext("accounts", "disabled")),
            Tab("all", pgettext("accounts", "all")),
        )

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        return rows if tab == "all" else rows.filter(is_active=tab == "active")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        facts = ("display_name", "unit", "post", "phone", "email")
        if obj is None:
            return [(None, {"fields": ("username", *facts, "roles")})]
        state = ("account_state", "code_state")
        return [(None, {"fields": ("sign_in_name", *facts, "teams", "roles", *state)})]

    @admin.display(description=gettext_lazy("teams and roles"))
    def belongs_to(self, user: User) -> str:
        return _(", ").join(group.name for group in user.groups.all()) or "—"

    @admin.display(description=gettext_lazy("last sign-in"), ordering="last_login")
    def last_seen(self, user: User) -> str:
        return day(user.last_login) if user.last_login else _("never yet")

    @admin.display(description=gettext_lazy("state of the account"), ordering="is_active")
    def state(self, user: User) -> str:
        return _badge(user)

    # --- On the form -----------------------------------------------------------------------

    @admin.display(description=gettext_lazy("sign-in name"))
    def sign_in_name(self, user: User) -> str:
        return user.username

    @admin.display(description=gettext_lazy("task teams"))
    def teams(self, user: User) -> str:
        links = [(address, name) for name, address in owned_by(user)]
        shown = format_html_join(_(", "), '<a href="{}" class="o-link">{}</a>', links)
        return shown or _("In no team. A person is taken into a team on the team's page.")

    @admin.display(description=gettext_lazy("state of the account"))
    def account_state(self, user: Any) -> str:
        if not user.in_hand:
            return _badge(user)
        if not user.is_active:
            return _links(_badge(user), [("enable", _("Let in again"))], user)
        verbs = [("reset_password", _("New one-time password")), ("disable", _("Disable"))]
        return _links(_badge(user), verbs, user)

    @admin.display(description=gettext_lazy("code at sign-in"))
    def code_state(self, user: Any) -> str:
        if not second_factor.is_on(user):
            return _("off")
        if not user.in_hand:
            return _("on")
        return _links(_("on"), [("reset_device", _("Telephone lost: switch off"))], user)

    # --- Writing ---------------------------------------------------------------------------

    def write(
        self,
        request: HttpRequest,
        instance: User,
        values: Mapping[str, Any],
        expected: int | None,
    ) -> User:
        facts = {key: value for key, value in values.items() if key not in {"username", "roles"}}
        common = {
            "values": facts,
            "roles": values["roles"],
            "by": request.user,
            "address": client_address(request),
        }
        if instance.pk:
            return accounts.update_account(user=instance, expected=expected, **common)
        issued = accounts.create_account(username=values["username"], **common)
        request.issued = issued  # type: ignore[attr-defined]  # shown once by response_add
        return issued.user

    def render_change_form(self, request: Any, context: Any, *args: Any, **kwargs: Any) -> Any:
        """No second account before the first one's password is noted down."""
        context["show_save_and_add_another"] = context["show_save_and_continue"] = False
        return super().render_change_form(request, context, *args, **kwargs)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> Any:
        return issued_page(request, request.issued)  # type: ignore[attr-defined]  # set by write

    def get_urls(self) -> list[URLPattern]:
        pages = [
            path(
                f"<int:pk>/{page.verb}/",
                self.admin_site.admin_view(page.as_view()),
                name=f"base_user_{page.verb}",
            )
            for page in (ResetPassword, Disable, Enable, ResetDevice)
        ]
        return [*pages, *super().get_urls()]


def _badge(user: User) -> str:
    if not user.is_active:
        return format_html('<span class="o-badge o-badge--red">{}</span>', _("disabled"))
    if user.must_change_password:
        text = _("one-time password")
        return format_html('<span class="o-badge o-badge--amber">{}</span>', text)
    return format_html('<span class="o-badge o-badge--green">{}</span>', _("in use"))


def _links(shown: str, verbs: list[tuple[str, str]], user: User) -> str:
    buttons = [(reverse(f"admin:base_user_{verb}", args=[user.pk]), label) for verb, label in verbs]
    return format_html(
        '<span class="o-actions">{} {}</span>',
        shown,
        format_html_join(" ", '<a class="o-button o-button--small" href="{}">{}</a>', buttons),
    )


@never_cache
def issued_page(request: HttpRequest, issued: accounts.Issued) -> HttpResponse:
    """The one-time password, on this answer and nowhere else."""
    return office_page(
        request, "base/issued_password.html", _("One-time password"), {"issued": issued}
    )


# --- Verbs over one account ------------------------------------------------------------------


class AccountVerb(ActionPage):
    model = User
    verb = ""

    def is_allowed(self) -> bool:
        """Not over oneself: the own account's pages ask for the password."""
        return self.subject != self.user and accounts.may_administer(self.user, self.subject)

    def page_of(self, subject: Any) -> str:
        return reverse("admin:base_user_change", args=[subject.pk])


class ResetPassword(AccountVerb):
    verb = "reset_password"
    title = gettext_lazy("New one-time password")
    submit_label = gettext_lazy("Make a one-time password")

    def consequences(self) -> list[str]:
        return [
            _("The present password and all sign-ins of this person end at once."),
            _("The one-time password is shown once; at the next sign-in it must be replaced."),
        ]

    def act(self, form: Any) -> HttpResponse:
        issued = accounts.set_one_time_password(
            user=self.subject, by=self.user, address=self.address
        )
        return issued_page(self.request, issued)


class Disable(AccountVerb):
    verb = "disable"
    title = gettext_lazy("Disable an account")
    submit_label = gettext_lazy("Disable the account")
    is_danger = True

    def consequences(self) -> list[str]:
        return [
            _("All sign-ins of this person end at once; nobody can sign in with this name."),
            _("All that this person wrote stays. Hand over the open leads on the lead list."),
        ]

    def act(self, form: Any) -> str:
        accounts.disable_account(user=self.subject, by=self.user, address=self.address)
        return _("The account of %(person)s is disabled.") % {"person": self.subject}


class Enable(AccountVerb):
    verb = "enable"
    title = gettext_lazy("Let in again")
    submit_label = gettext_lazy("Let in again with a one-time password")

    def consequences(self) -> list[str]:
        return [_("The old password stays void; a one-time password is shown once.")]

    def act(self, form: Any) -> HttpResponse:
        issued = accounts.enable_account(user=self.subject, by=self.user, address=self.address)
        return issued_page(self.request, issued)


class ResetDevice(AccountVerb):
    verb = "reset_device"
    title = gettext_lazy("Switch off the code at sign-in")
    submit_label = gettext_lazy("Switch off the code")
    is_danger = True

    def consequences(self) -> list[str]:
        return [
            _("The password alone is enough until this person sets the code up again."),
            _("Make sure that it is really this person who asks."),
        ]

    def act(self, form: Any) -> str:
        second_factor.switch_off(user=self.subject, by=self.user, address=self.address)
        return _("%(person)s signs in without a code now.") % {"person": self.subject}
