"""How I am reached: the account's mail address, or a robot of a group of my own choice."""

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
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminRadioSelectWidget

from kfq_crm.base import trial
from kfq_crm.base.destinations import choose_channel, destination_of
from kfq_crm.base.errors import RuleViolation, VersionConflict
from kfq_crm.base.forms import ActionForm, add_violation
from kfq_crm.base.models import Channel, ChannelPreference
from kfq_crm.base.pages import office_page
from kfq_crm.base.scoped_admin import EXPECTED


class ChannelForm(ActionForm):
    """What is on record of a robot is never filled in: its address is a key to the group."""

    channel = forms.ChoiceField(
        label=gettext_lazy("Where messages go"),
        choices=Channel.choices,
        widget=UnfoldAdminRadioSelectWidget,
    )
    webhook = forms.CharField(
        label=gettext_lazy("address of the robot"),
        required=False,
        max_length=500,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("As the group's robot shows it, beginning with https://"),
    )
    secret = forms.CharField(
        label=gettext_lazy("signing secret of the robot"),
        required=False,
        max_length=200,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Only DingTalk, if the robot signs"),
    )

    def __init__(self, *args: Any, chosen: ChannelPreference | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if chosen and chosen.webhook:
            for name in ("webhook", "secret"):
                self.fields[name].help_text = _("Empty: what is on record stays")


@never_cache
@sensitive_post_parameters("webhook", "secret")
def own_channel(request: HttpRequest) -> HttpResponse:
    """Where messages go now, and the form that changes it."""
    user: Any = request.user
    chosen = ChannelPreference.objects.visible_to(user).first()
    initial = {"channel": chosen.channel if chosen else Channel.EMAIL}
    form = ChannelForm(request.POST or None, initial=initial, chosen=chosen)
    if request.method == "POST" and form.is_valid() and _choose(request, form):
        return redirect("admin:own_channel")
    context = {
        "form": form,
        **way_of(user),
        EXPECTED: request.POST.get(EXPECTED) or (chosen.version if chosen else 0),
    }
    return office_page(request, "base/own_channel.html", _("How I am reached"), context)


def way_of(user: Any) -> dict[str, Any]:
    """What `base/way.html` shows."""
    way = destination_of(user)
    return {"way": way, "way_label": Channel(way.channel).label}


def _choose(request: HttpRequest, form: ChannelForm) -> bool:
    """Whether something was settled; otherwise the form shows why not."""
    user: Any = request.user
    expected = request.POST.get(EXPECTED, "")
    try:
        choose_channel(
            user=user,
            by=user,
            expected=int(expected) if expected.isdecimal() else None,
            **form.cleaned_data,
        )
    except RuleViolation as violation:
        add_violation(form, violation)
        return False
    except VersionConflict:
        messages.warning(request, _("You changed this elsewhere in the meantime; look again."))
    else:
        messages.success(request, _("Saved. Send yourself a trial message to be sure."))
    return True


@require_POST
def send_trial(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    try:
        recorded = trial.send_trial(by=user)
    except RuleViolation as violation:
        messages.error(request, str(violation))
        return redirect("admin:own_channel")
    messages.success(request, _("The trial message is on its way."))
    return redirect("admin:base_outgoingmail_page", pk=recorded.pk)


admin.site.add_page("account/channel/", own_channel, "own_channel")  # type: ignore[attr-defined]  # the office's site
admin.site.add_page("account/channel/trial/", send_trial, "own_channel_trial")  # type: ignore[attr-defined]  # as above
