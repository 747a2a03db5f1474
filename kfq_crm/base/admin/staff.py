"""Finding a colleague by name: never a list of everybody, eight at a time."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import get_select2_language
from django.db.models import Q
from django.forms.models import ModelChoiceIterator
from django.http import HttpRequest, JsonResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminAutocompleteWidget

from kfq_crm.base.models import User
from kfq_crm.base.parsing import nfkc

MOST = 8


def find_staff(text: str) -> list[User]:
    """Active people whose name, account or unit holds the text."""
    words = nfkc(text).strip()
    if not words:
        return []
    held = Q(display_name__icontains=words) | Q(username__icontains=words)
    return list(
        User.staff.filter(held | Q(unit__icontains=words), is_active=True)
        .order_by("display_name", "pk")
        .only("pk", "display_name", "username", "unit", "post")[:MOST]
    )


def staff_label(person: User) -> str:
    """Name, unit and post: two people may share a name."""
    return " · ".join(filter(None, (str(person), person.unit, person.post)))


def staff_search(request: HttpRequest) -> JsonResponse:
    """Answers the picker in the form that select2 reads."""
    found = find_staff(request.GET.get("term", ""))
    results = [{"id": person.pk, "text": staff_label(person)} for person in found]
    return JsonResponse({"results": results, "pagination": {"more": False}})


class StaffSelect(UnfoldAdminAutocompleteWidget):
    """A picker that asks the server while one types and renders the chosen person only."""

    # Its parent's writes "True" where the person's number belongs
    option_template_name = "unfold/widgets/select_option_modelchoicefield_autocomplete.html"

    def __init__(self, attrs: dict[str, Any] | None = None, choices: Any = ()) -> None:
        super().__init__(attrs, choices)
        self.attrs["data-ajax--url"] = reverse_lazy("admin:staff_search")
        self.attrs["data-placeholder"] = _("Type a name")
        self.attrs["lang"] = get_select2_language()

    @property
    def media(self) -> forms.Media:
        """With the picker's own words (“searching”, “no results”): Unfold leaves them out."""
        words, folder = get_select2_language(), "admin/js/vendor/select2"
        # Their place is before jquery.init.js, which takes the name away that they ask for.
        between = [
            f"{folder}/select2.full.js",
            f"{folder}/i18n/{words}.js",
            "admin/js/jquery.init.js",
        ]
        return super().media + forms.Media(js=between if words else [])

    def optgroups(self, name: str, value: list[str], attrs: Any = None) -> list[Any]:
        keys = [key for key in value if str(key).isdecimal()]
        chosen = self._chosen(keys)
        empty = [] if self.is_required else [self.create_option(name, "", "", False, 0)]
        options = [
            self.create_option(name, person.pk, staff_label(person), True, place, attrs=attrs)
            for place, person in enumerate(chosen, 1)
        ]
        return [(None, [*empty, *options], 0)]

    def _chosen(self, keys: list[str]) -> list[User]:
        if not keys or not isinstance(self.choices, ModelChoiceIterator):
            return []
        return list(self.choices.queryset.filter(pk__in=keys))


class StaffField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic for the stubs only
    """One colleague, found by typing."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("queryset", User.staff.filter(is_active=True))
        kwargs.setdefault("widget", StaffSelect)
        super().__init__(**kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return staff_label(obj)


admin.site.add_page("staff/search/", staff_search, "staff_search")  # type: ignore[attr-defined]  # the office's site
