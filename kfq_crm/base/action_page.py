"""A verb as a small page: opening it names what will happen, sending it does it."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db.models import Model
from django.forms import Textarea
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from kfq_crm.base.addresses import client_address
from kfq_crm.base.errors import RuleViolation, VersionConflict
from kfq_crm.base.forms import ActionForm, RuleModelForm, add_violation
from kfq_crm.base.models import User
from kfq_crm.base.pages import office_page
from kfq_crm.base.scoped_admin import EXPECTED, visible


class ActionPage(View):
    """One verb over one record. Hidden is 404, visible but not allowed 403.

    A broken rule is shown at its field; a revision that somebody else wrote in the meantime
    sends back to the record with their name. Subclasses say what the verb needs and does.

    A verb that adds words of one's own sets `keeps_words`: then the form is shown again with
    what was typed, over the record as it is now. Not for forms filled with the record's values:
    sent again, they would overwrite what the other one saved.
    """

    model: ClassVar[type[Model]]
    related: ClassVar[tuple[str, ...]] = ()
    template_name = "office/action.html"
    form_class: ClassVar[type[ActionForm | RuleModelForm]] = ActionForm
    title: Any = ""
    submit_label: Any = gettext_lazy("Save entry")
    is_danger = False
    takes_files = False
    keeps_words = False

    # --- What subclasses say ---------------------------------------------------------------

    def act(self, form: Any) -> str | HttpResponse:
        """Call the action; the returned sentence is shown on the page that follows.

        A response of one's own takes the place of that page (what is shown only once).
        """
        raise NotImplementedError

    def is_allowed(self) -> bool:
        raise NotImplementedError

    def page_of(self, subject: Any) -> str:
        """Where the record is read; the person comes from there and goes back."""
        raise NotImplementedError

    def consequences(self) -> list[str]:
        """What sending the form brings about, in whole sentences."""
        return []

    def refusal(self) -> str:
        """Why the verb makes no sense now, although the person may do it; "" if it does."""
        return ""

    def form_options(self) -> dict[str, Any]:
        return {}

    def rows(self) -> Any:
        return visible(self.model, self.user).select_related(*self.related)

    def extra_context(self) -> dict[str, Any]:
        return {}

    # --- The machinery ---------------------------------------------------------------------

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        self._read(kwargs["pk"])
        return super().dispatch(request, *args, **kwargs)

    def _read(self, pk: int) -> None:
        """Fetch the record, and forget what was made of an earlier reading."""
        for name in [
            n for n in vars(self) if isinstance(getattr(type(self), n, None), cached_property)
        ]:
            delattr(self, name)
        self.subject: Any = get_object_or_404(self.rows(), pk=pk)
        if not self.is_allowed():
            raise PermissionDenied

    @property
    def user(self) -> User:
        return self.request.user  # type: ignore[return-value]  # the admin lets nobody else in

    @property
    def address(self) -> str:
        return client_address(self.request)

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.render(self.form_class(**self.form_options()))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        form = self.form_class(request.POST, request.FILES, **self.form_options())
        if not form.is_valid():
            return self.render(form)
        try:
            told = self.act(form)
        except ObjectDoesNotExist as gone:
            raise Http404 from gone
        except VersionConflict as conflict:
            return self.meet(form, conflict)
        except RuleViolation as violation:
            return self.refuse(form, violation)
        if isinstance(told, HttpResponse):
            return told
        messages.success(request, told)
        return HttpResponseRedirect(self.page_of(self.subject))

    def meet(self, form: Any, conflict: VersionConflict) -> HttpResponse:
        """Say who was faster; what was typed stays where the verb keeps it."""
        told = saved_meanwhile(conflict)
        if not self.keeps_words:
            messages.warning(self.request, told)
            return HttpResponseRedirect(self.page_of(self.subject))
        self._read(self.subject.pk)
        messages.warning(self.request, f"{told} {_('What you typed still stands here.')}")
        return self.render(form, is_reread=True)

    def refuse(self, form: Any, violation: RuleViolation) -> HttpResponse:
        """Show the form again with the broken rule."""
        add_violation(form, violation)
        return self.render(form)

    def expected(self) -> int:
        """The revision that the person saw, for actions that compare it."""
        text = self.request.POST.get(EXPECTED, "")
        if not text.isdecimal():
            raise RuleViolation("page_outdated", _("This page is outdated; open it again."))
        return int(text)

    def render(self, form: Any, *, is_reread: bool = False) -> HttpResponse:
        """The page with the form; `is_reread`: over the record as it is by now."""
        seen = "" if is_reread else self.request.POST.get(EXPECTED)
        context = {
            "page": self,
            "subject": self.subject,
            "form": form,
            "media": form.media,
            "consequences": self.consequences(),
            "refusal": self.refusal(),
            "back": self.page_of(self.subject),
            "unsent": typed_words(form) if self.keeps_words else [],
            EXPECTED: seen or getattr(self.subject, "version", ""),
            **self.extra_context(),
        }
        return office_page(self.request, self.template_name, str(self.title), context)


def typed_words(form: Any) -> list[str]:
    """What a person wrote into the long fields of a form that was sent."""
    long = [bound for bound in form if isinstance(bound.field.widget, Textarea)]
    return [str(bound.value()) for bound in long if form.is_bound and bound.value()]


def saved_meanwhile(conflict: VersionConflict) -> str:
    """Who saved in between, as a sentence."""
    history = getattr(conflict.instance, "history", None)
    last = history.select_related("history_user").first() if history is not None else None
    if last and last.history_user:
        return _(
            "%(person)s saved this in the meantime. Nothing of yours was saved; "
            "look at it again, then repeat what you meant to do."
        ) % {"person": last.history_user}
    return _(
        "Somebody else saved this in the meantime. Nothing of yours was saved; "
        "look at it again, then repeat what you meant to do."
    )
