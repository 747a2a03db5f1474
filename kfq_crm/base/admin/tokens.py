"""Access tokens of programs: made once and shown once, seen with their last use, revoked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.cache import never_cache
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextareaWidget,
)

from kfq_crm.base import tokens
from kfq_crm.base.action_page import ActionPage
from kfq_crm.base.addresses import client_address
from kfq_crm.base.admin.access_log import PARTICULARS, SUBJECTS, VALUES
from kfq_crm.base.changelist import Tab
from kfq_crm.base.forms import JudgedForm, LedgerDateField
from kfq_crm.base.models import ApiToken, Audience, TokenScope
from kfq_crm.base.own_page import ONE_BUTTON
from kfq_crm.base.pages import office_page
from kfq_crm.base.scoped_admin import ScopedModelAdmin
from kfq_crm.base.templatetags.office import day

SUBJECTS["api_token.made"] = gettext_lazy("access token made")
SUBJECTS["api_token.revoked"] = gettext_lazy("access token revoked")
PARTICULARS["token"] = pgettext_lazy("token", "purpose")
PARTICULARS["token_key"] = gettext_lazy("public part of the token")
PARTICULARS["audience"] = gettext_lazy("reads as")
PARTICULARS["scopes"] = gettext_lazy("what it opens")
PARTICULARS["query"] = gettext_lazy("question")
VALUES.update({("audience", one.value): one.label for one in Audience})
VALUES.update({("scopes", one.value): one.label for one in TokenScope})

SCOPE_LABELS = dict(TokenScope.choices)


class TokenForm(JudgedForm):
    """What the token is for, what it opens, and until when. The action judges."""

    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("what it opens"),
        choices=TokenScope.choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=gettext_lazy(
            "Choose as little as the program needs. What you may not see stays closed to it."
        ),
    )
    audience = forms.ChoiceField(
        label=gettext_lazy("reads as"),
        choices=Audience.choices,
        initial=Audience.MAYORS_OFFICE,
        widget=UnfoldAdminRadioSelectWidget,
    )
    last_day = LedgerDateField(label=gettext_lazy("last day of validity"))
    networks = forms.CharField(
        label=gettext_lazy("allowed addresses"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "One address or network a line, such as 10.1.2.3 or 10.1.2.0/24. "
            "Without one it works from everywhere."
        ),
    )

    class Meta:
        model = ApiToken
        fields = ("name",)
        help_texts = {
            "name": gettext_lazy("Which program it is for, so that you know it again in the list")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        days = tokens.rule_on(timezone.localdate()).longest_days
        text = _("At most %(days)s days from today") % {"days": days}
        self.fields["last_day"].help_text = text
        audiences = audiences_of(self.user)  # type: ignore[attr-defined]  # set by the admin
        if len(audiences) < 2:
            del self.fields["audience"]
            allowed = tokens.SCOPES_OF_AUDIENCE[audiences[0]] if audiences else ()
            self.fields["scopes"].choices = [(s.value, s.label) for s in allowed]  # type: ignore[attr-defined]  # a choice

    def clean_networks(self) -> list[str]:
        return str(self.cleaned_data["networks"]).split()


def audiences_of(user: Any) -> list[Audience]:
    """For whom this person makes tokens: for oneself, for the mayor's office, or both."""
    own = [Audience.OWNER] if user.has_perm(tokens.MAKE) else []
    return own + ([Audience.MAYORS_OFFICE] if tokens.may_keep(user) else [])


@admin.register(ApiToken)
class TokenAdmin(ScopedModelAdmin):
    """One's own tokens; those who keep them see all, and make those of the mayor's office."""

    form = TokenForm
    list_display = ("name", "holder", "opens", "until", "last_use", "state")
    list_select_related = ("owner",)
    phone_columns = ("holder", "until", "last_use", "state")
    search_fields = ("name", "key", "owner__username", "owner__display_name")
    ordering = ("-made_at", "-pk")
    add_label = gettext_lazy("Make a token")
    empty_hint = gettext_lazy("A program that reads or writes here needs a token.")

    # --- Reading ---------------------------------------------------------------------------

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return tokens.may_make(request.user)  # type: ignore[arg-type]  # signed in

    def has_add_permission(self, request: HttpRequest) -> bool:
        return tokens.may_make(request.user)  # type: ignore[arg-type]  # signed in

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A token is never changed: whoever relies on it would not know."""
        return False

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        return (
            Tab("alive", pgettext_lazy("tokens", "valid")),
            Tab("ended", pgettext_lazy("tokens", "expired or revoked")),
            Tab("all", pgettext_lazy("tokens", "all")),
        )

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        alive = Q(revoked_at=None, expires_at__gt=timezone.now(), owner__is_active=True)
        return rows if tab == "all" else rows.filter(alive if tab == "alive" else ~alive)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        if obj is not None:
            about = ("purpose", "holder", "reads_as", "opens", "from_where", "rate")
            return (*about, "public_part", "made", "until", "last_use", "state_and_verb")
        choice = ("audience",) if len(audiences_of(request.user)) > 1 else ()
        return ("name", *choice, "scopes", "last_day", "networks")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return tuple(self.get_fields(request, obj)) if obj is not None else ()

    @admin.display(description=pgettext_lazy("token", "owner"), ordering="owner__username")
    def holder(self, token: ApiToken) -> str:
        return str(token.owner)

    @admin.display(description=gettext_lazy("reads as"))
    def reads_as(self, token: ApiToken) -> str:
        return str(token.get_audience_display())

    @admin.display(description=gettext_lazy("what it opens"))
    def opens(self, token: ApiToken) -> str:
        return _("; ").join(str(SCOPE_LABELS.get(scope, scope)) for scope in token.scopes)

    @admin.display(description=gettext_lazy("valid until (token)"), ordering="expires_at")
    def until(self, token: ApiToken) -> str:
        return day(token.expires_at - tokens.MOMENT)

    @admin.display(description=gettext_lazy("last used"), ordering="last_used_at")
    def last_use(self, token: ApiToken) -> str:
        if token.last_used_at is None:
            return _("never used")
        words = {"moment": _moment(token.last_used_at), "address": token.last_used_from}
        return _("%(moment)s from %(address)s") % words

    @admin.display(description=gettext_lazy("state of the token"))
    def state(self, token: ApiToken) -> str:
        return _badge(token)

    # --- On the page -----------------------------------------------------------------------

    @admin.display(description=pgettext_lazy("token", "purpose"))
    def purpose(self, token: ApiToken) -> str:
        return token.name

    @admin.display(description=gettext_lazy("allowed addresses"))
    def from_where(self, token: ApiToken) -> str:
        return ", ".join(token.networks) or _("everywhere")

    @admin.display(description=gettext_lazy("requests a minute"))
    def rate(self, token: ApiToken) -> str:
        return str(token.requests_per_minute)

    @admin.display(description=gettext_lazy("begins with"))
    def public_part(self, token: ApiToken) -> str:
        return f"{tokens.PREFIX}_{token.key}_…"

    @admin.display(description=pgettext_lazy("token", "made"))
    def made(self, token: ApiToken) -> str:
        words = {"moment": _moment(token.made_at), "person": token.made_by}
        return _("%(moment)s by %(person)s") % words

    @admin.display(description=gettext_lazy("state of the token"))
    def state_and_verb(self, token: ApiToken) -> str:
        if token.revoked_at:
            words = {"moment": _moment(token.revoked_at), "person": token.revoked_by}
            return format_html("{} {}", _badge(token), _("%(moment)s by %(person)s") % words)
        button = '<a class="o-button o-button--small" href="{}">{}</a>'
        address = reverse("admin:base_apitoken_revoke", args=[token.pk])
        revoke = format_html(button, address, _("Revoke"))
        return format_html('<span class="o-actions">{} {}</span>', _badge(token), revoke)

    # --- Making ----------------------------------------------------------------------------

    def write(
        self,
        request: HttpRequest,
        instance: ApiToken,
        values: Mapping[str, Any],
        expected: int | None,
    ) -> ApiToken:
        user: Any = request.user
        chosen = {"audience": audiences_of(user)[0], **values}
        made = tokens.make_token(**chosen, by=user, address=client_address(request))
        request.made = made  # type: ignore[attr-defined]  # shown once by response_add
        return made.token

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return super().add_view(request, form_url, {**ONE_BUTTON, **(extra_context or {})})

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> Any:
        return made_page(request, request.made)  # type: ignore[attr-defined]  # set by write

    def get_urls(self) -> list[URLPattern]:
        revoke = path(
            "<int:pk>/revoke/",
            self.admin_site.admin_view(RevokeToken.as_view()),
            name="base_apitoken_revoke",
        )
        return [revoke, *super().get_urls()]


@never_cache
def made_page(request: HttpRequest, made: tokens.Made) -> HttpResponse:
    """The token, on this answer and nowhere else."""
    return office_page(request, "base/made_token.html", _("Access token"), {"made": made})


class RevokeToken(ActionPage):
    model = ApiToken
    title = gettext_lazy("Revoke a token")
    submit_label = gettext_lazy("Revoke the token")
    is_danger = True

    def is_allowed(self) -> bool:
        return tokens.may_revoke(self.user, self.subject)

    def page_of(self, subject: Any) -> str:
        return reverse("admin:base_apitoken_change", args=[subject.pk])

    def consequences(self) -> list[str]:
        return [
            _("The program that uses it is refused from its next request on."),
            _("It cannot be brought back; a new token can be made."),
        ]

    def refusal(self) -> str:
        return _("This token has been revoked already.") if self.subject.revoked_at else ""

    def act(self, form: Any) -> str:
        tokens.revoke_token(token=self.subject, by=self.user, address=self.address)
        return _("The token “%(token)s” is revoked.") % {"token": self.subject}


def _moment(value: Any) -> str:
    return date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT")


def _badge(token: ApiToken) -> str:
    if token.revoked_at:
        return _coloured("red", pgettext("token", "revoked"))
    if token.expires_at <= timezone.now():
        return _coloured("grey", pgettext("token", "expired"))
    if not token.owner.is_active:
        return _coloured("red", pgettext("token", "owner's account disabled"))
    return _coloured("green", pgettext("token", "valid"))


def _coloured(colour: str, word: str) -> str:
    return format_html('<span class="o-badge o-badge--{}">{}</span>', colour, word)
