"""Weekly digests: which went to whom, what they said, what the coming one will say."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from chains.models import TaskTeam
from chains.visibility import sees_all
from kfq_crm.base.action_page import ActionPage
from kfq_crm.base.admin.access_log import SUBJECTS
from kfq_crm.base.admin.mail_page import FRAME_POLICY, state_badge
from kfq_crm.base.models import User
from kfq_crm.base.own_page import OwnPageAdmin
from kfq_crm.base.pages import office_page
from kfq_crm.base.templatetags.office import day
from leads.digest.engine import scope_of
from leads.digest.letters import render
from leads.digest.payload import for_viewer, payload_of
from leads.digest.period import Period, due_at
from leads.digest.sending import resend_digest
from leads.models import Digest, DigestState
from leads.models.digest import GETS_ZONE_DIGEST
from leads.rulebook import digest_rule

SUBJECTS["digest.resent"] = gettext_lazy("weekly digest sent again")

MAY_RESEND = "leads.change_digest"


@admin.register(Digest)
class DigestAdmin(OwnPageAdmin):
    """Rows are made by the sweep alone; one opens what it said."""

    page_name = "admin:digest_page"
    list_display = ("title", "reader", "week_of", "made", "arrived")
    phone_columns = ("reader", "week_of", "arrived")
    list_select_related = ("chain", "reader", "mail")
    list_defer = ("payload", "ledger", "mail__text", "mail__html")
    search_fields = ("reader__display_name", "chain__name")
    ordering = ("-starts_on", "chain__order", "pk")
    empty_hint = gettext_lazy("Digests are made by themselves, by the rule of the weekly digest.")
    list_before_template = "leads/digest/list_before.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("weekly digest"))
    def title(self, row: Digest) -> str:
        return str(row)

    @admin.display(description=gettext_lazy("week from"), ordering="starts_on")
    def week_of(self, row: Digest) -> str:
        period = Period(row.starts_on)
        return f"{day(period.start)} – {day(period.last_day)}"

    @admin.display(description=gettext_lazy("made at"), ordering="made_at")
    def made(self, row: Digest) -> str:
        return day(row.made_at)

    @admin.display(description=pgettext_lazy("mail", "state"))
    def arrived(self, row: Digest) -> str:
        return state_of(row)


def state_of(row: Digest) -> str:
    """What became of it: of its message once it has one."""
    if row.mail:
        return state_badge(row.mail)
    return format_html('<span class="o-badge o-badge--grey">{}</span>', row.get_state_display())


# --- Reading --------------------------------------------------------------------------------


def may_read(user: User, row: Digest) -> bool:
    """The reader, who sees all teams' work, and the head of the chain; who only runs the system
    sees that it went out, not what it says."""
    if row.reader_id == user.pk or sees_all(user):
        return True
    return row.chain_id is not None and heads(user, row.chain_id)


def heads(user: User, chain: int) -> bool:
    return TaskTeam.objects.of(user).filter(chain=chain, head=user).exists()


def _find(request: HttpRequest, pk: int) -> Digest:
    rows = Digest.objects.visible_to(request.user).select_related("chain", "reader", "mail")  # type: ignore[arg-type]  # signed in
    return get_object_or_404(rows.defer("ledger"), pk=pk)


@never_cache
@require_safe
def digest_page(request: HttpRequest, pk: int) -> HttpResponse:
    """What became of the digest; below it what it says, as far as the person may read it."""
    user: Any = request.user
    row = _find(request, pk)
    readable = may_read(user, row)
    context = {
        "digest": row,
        "period": Period(row.starts_on),
        "badge": state_of(row),
        "readable": readable,
        "own": row.reader_id == user.pk,
        "frame": reverse("admin:digest_formatted", args=[pk]),
        "may_resend": user.has_perm(MAY_RESEND),
        "may_open_mail": row.mail and (row.reader_id == user.pk),
    }
    return office_page(request, "leads/digest/page.html", str(row), context)


@never_cache
@require_safe
@xframe_options_sameorigin
def digest_formatted(request: HttpRequest, pk: int) -> HttpResponse:
    """The formatted text alone, for the page's frame."""
    user: Any = request.user
    row = _find(request, pk)
    if not may_read(user, row):
        raise PermissionDenied
    own = row.reader_id == user.pk
    payload = row.payload if own else for_viewer(row.payload, user)
    return _framed(_letter(payload, user))


def _letter(payload: dict[str, Any], user: User) -> str:
    letter = render(payload, person=user, links={}, has_ledger=False, is_preview=True)
    return letter["html"]


def _framed(html: str) -> HttpResponse:
    """Nothing runs in it and nothing is fetched; links open a window of their own."""
    answer = HttpResponse(html.replace("<head>", '<head><base target="_blank">', 1))
    answer.headers["Content-Security-Policy"] = FRAME_POLICY
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


# --- The coming one -------------------------------------------------------------------------


def _subject_of_preview(request: HttpRequest, pk: int) -> tuple[User, Any]:
    """Reader and chain of a team's coming digest; hidden is 404, not one's business 403."""
    user: Any = request.user
    teams = TaskTeam.objects.visible_to(user).select_related("chain", "leader")
    team = get_object_or_404(teams, pk=pk)
    if not (sees_all(user) or user.pk in (team.leader_id, team.head_id)):
        raise PermissionDenied
    if team.leader is None:
        raise Http404
    return team.leader, team.chain


@never_cache
@require_safe
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The coming digest of a team's leader, as of now."""
    reader, chain = _subject_of_preview(request, pk)
    frame = reverse("admin:digest_preview_formatted", args=[pk])
    return _preview_page(request, str(chain), reader, frame)


@never_cache
@require_safe
@xframe_options_sameorigin
def preview_formatted(request: HttpRequest, pk: int) -> HttpResponse:
    reader, chain = _subject_of_preview(request, pk)
    return _framed(_coming(request, reader, chain))


@never_cache
@require_safe
def zone_preview(request: HttpRequest) -> HttpResponse:
    """The coordinator's own coming digest."""
    user: Any = request.user
    if not user.has_perm(GETS_ZONE_DIGEST):
        raise PermissionDenied
    frame = reverse("admin:zone_digest_preview_formatted")
    return _preview_page(request, _("Whole zone"), user, frame)


@never_cache
@require_safe
@xframe_options_sameorigin
def zone_preview_formatted(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    if not user.has_perm(GETS_ZONE_DIGEST):
        raise PermissionDenied
    return _framed(_coming(request, user, None))


def _preview_page(request: HttpRequest, about: str, reader: User, frame: str) -> HttpResponse:
    today = timezone.localdate()
    period, rule = Period.of(today), digest_rule(today)
    context = {
        "about": about,
        "reader": reader,
        "own": reader == request.user,
        "period": period,
        "due_at": due_at(period, rule.weekday, rule.time) if rule else None,
        "frame": frame,
    }
    title = _("%(about)s: the coming digest") % {"about": about}
    return office_page(request, "leads/digest/preview.html", title, context)


def _coming(request: HttpRequest, reader: User, chain: Any) -> str:
    """The running week so far, as the reader would see it and this person may."""
    user: Any = request.user
    now = timezone.now()
    today = timezone.localdate(now)
    payload = payload_of(scope_of(reader, chain, Period.of(today), digest_rule(today), now))
    return _letter(payload if reader == user else for_viewer(payload, user), user)


# --- Sending again --------------------------------------------------------------------------


class Resend(ActionPage):
    """The same content once more, as a message of its own."""

    model = Digest
    related = ("chain", "reader", "mail")
    title = gettext_lazy("Send a weekly digest again")
    submit_label = gettext_lazy("Send the digest again")

    def is_allowed(self) -> bool:
        return self.user.has_perm(MAY_RESEND)

    def page_of(self, subject: Any) -> str:
        return reverse("admin:digest_page", args=[subject.pk])

    def refusal(self) -> str:
        return _("It is not queued yet; the next sweep does it.") if _is_new(self.subject) else ""

    def consequences(self) -> list[str]:
        return [
            _("%(reader)s gets a second message with the content of that week, unchanged.")
            % {"reader": self.subject.reader},
            _("Links to questions are valid anew; what is answered stays answered."),
        ]

    def act(self, form: Any) -> str:
        resend_digest(digest=self.subject, by=self.user, address=self.address)
        return _("The digest goes out again within a minute.")


def _is_new(row: Digest) -> bool:
    return row.state == DigestState.MADE


admin.site.add_page("digests/<int:pk>/", digest_page, "digest_page")  # type: ignore[attr-defined]  # the office's site
admin.site.add_page("digests/<int:pk>/formatted/", digest_formatted, "digest_formatted")  # type: ignore[attr-defined]  # as above
admin.site.add_page("digests/<int:pk>/resend/", Resend.as_view(), "digest_resend")  # type: ignore[attr-defined]  # as above
admin.site.add_page("digests/coming/", zone_preview, "zone_digest_preview")  # type: ignore[attr-defined]  # as above
admin.site.add_page(  # type: ignore[attr-defined]  # as above
    "digests/coming/formatted/", zone_preview_formatted, "zone_digest_preview_formatted"
)
admin.site.add_page("teams/<int:pk>/digest/", preview, "digest_preview")  # type: ignore[attr-defined]  # as above
admin.site.add_page(  # type: ignore[attr-defined]  # as above
    "teams/<int:pk>/digest/formatted/", preview_formatted, "digest_preview_formatted"
)
