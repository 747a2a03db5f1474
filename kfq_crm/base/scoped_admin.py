"""The ModelAdmin that every other one extends: scoped reads, writes through actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.contrib.admin.options import IncorrectLookupParameters, ShowFacets
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from kfq_crm.base import conflicts, search
from kfq_crm.base.changelist import OfficeChangeList, Tab
from kfq_crm.base.errors import RuleViolation, VersionConflict
from kfq_crm.base.forms import RuleModelForm
from kfq_crm.base.history import revisions
from kfq_crm.base.listing import CappedPaginator
from kfq_crm.base.models import User, Versioned
from kfq_crm.base.scoping import ScopedQuerySet

EXPECTED = "expected_version"
NONE = "—"  # an empty choice, as an empty value reads


def visible(model: type[Model], user: Any) -> ScopedQuerySet[Any]:
    """Rows of a model that a person may see; every picker, filter and list asks here."""
    manager = model.staff if model is User else model._default_manager  # type: ignore[attr-defined]  # People have their own
    return manager.visible_to(user)  # type: ignore[no-any-return, attr-defined]  # every model of ours has it


class ScopedModelAdmin(ModelAdmin):
    """Reads pass `visible_to`; `save_model` hands the cleaned values to `write`, an action.

    A broken rule is shown at its field, an outdated page becomes the conflict page, a hidden
    record is 404. Nothing is deleted by hand unless a subclass says so.
    """

    is_scoped = True
    form = RuleModelForm
    list_per_page = 50
    empty_value_display = "—"
    paginator = CappedPaginator
    list_filter_submit = True
    list_fullwidth = True
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # a count for every option of every filter is a query each
    change_form_before_template = "admin/base/expected_version.html"
    masked_fields: ClassVar[frozenset[str]] = frozenset()

    list_before_template = "office/list_tabs.html"
    page_name = ""  # the page of our own that a row opens, instead of the form
    phone_columns: ClassVar[tuple[str, ...]] = ()  # facts on a phone's card; empty shows all
    list_defer: ClassVar[tuple[str, ...]] = ()  # wide columns that the list never shows
    calendar_in_list = False  # rows get `list_today` and `list_calendar`, for limits
    add_label: Any = ""  # what the button of an empty list says
    empty_hint: Any = ""  # what to do first where nothing is on record

    # --- Reading ---------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = visible(self.model, request.user)
        ordering = self.get_ordering(request)
        return rows.order_by(*ordering) if ordering else rows

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", visible(db_field.remote_field.model, request.user))
        kwargs.setdefault("empty_label", NONE)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_choice_field(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if "choices" not in kwargs:
            blank = db_field.blank or not db_field.has_default()
            kwargs["choices"] = db_field.get_choices(blank, blank_choice=[("", NONE)])
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", visible(db_field.remote_field.model, request.user))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if issubclass(self.model, search.Searchable):
            return search.matching(queryset, search_term), False
        return super().get_search_results(request, queryset, search_term)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[OfficeChangeList]:
        return OfficeChangeList

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        """Parts of the list; the last one holds everything."""
        return ()

    def default_tab(self, request: HttpRequest) -> str:
        """The tab that a bare address opens; "" for the first one."""
        return ""

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        """The rows of one of `list_tabs`."""
        return rows

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def _get_obj_does_not_exist_redirect(self, request: Any, opts: Any, object_id: Any) -> Any:
        raise Http404

    # --- Writing ---------------------------------------------------------------------------

    def write(
        self,
        request: HttpRequest,
        instance: Any,
        values: Mapping[str, Any],
        expected: int | None,
    ) -> Model:
        """Hand the values to the action of this model; `instance` is unsaved when adding."""
        raise NotImplementedError

    def values_from(self, form: Any) -> dict[str, Any]:
        """Cleaned values in the action's words; subclasses unpack amounts and the like here."""
        return dict(form.cleaned_data)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        instance = self.model._default_manager.get(pk=obj.pk) if change else obj
        values = self.values_from(form)
        saved = self.write(request, instance, values, _expected(request, obj) if change else None)
        obj.__dict__.update(saved.__dict__)

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        """Rows of other tables are written by the action as well."""

    def log_addition(self, request: Any, obj: Any, message: Any) -> None:
        """The record's own history tells; Django's log would keep names of hidden records."""

    log_change = log_addition

    def log_deletions(self, request: Any, queryset: Any) -> None:
        """As above."""

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.rule_violation = getattr(request, "rule_violation", None)
        form.user = request.user
        return form

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        extra = {
            "show_history": hasattr(self.model, "history"),
            **(extra_context or {}),
            EXPECTED: request.POST.get(EXPECTED, ""),
        }
        if request.method == "POST" and object_id and "_settle" in request.POST:
            self._settle(request, object_id, extra)
        try:
            return super().changeform_view(request, object_id, form_url, extra)
        except RuleViolation as violation:
            request.rule_violation = violation  # type: ignore[attr-defined]  # read by get_form
            return super().changeform_view(request, object_id, form_url, extra)
        except VersionConflict as conflict:
            return self.conflict_page(request, conflict)

    # --- Conflicts -------------------------------------------------------------------------

    def conflict_page(self, request: HttpRequest, conflict: VersionConflict) -> HttpResponse:
        """Both versions side by side; nothing has been written."""
        form_class = self.get_form(request, conflict.instance, change=True)
        fresh = self.model._default_manager.get(pk=conflict.instance.pk)
        rows = conflicts.differences(
            form_class(request.POST, request.FILES, instance=conflict.instance),
            form_class(instance=fresh),
            _revision(fresh, conflict.expected),
        )
        return TemplateResponse(
            request,
            "admin/base/conflict.html",
            {
                **self.admin_site.each_context(request),
                "title": _("Somebody else saved this in the meantime"),
                "opts": self.opts,
                "original": fresh,
                "rows": rows,
                "saved_by": _saved_by(fresh),
                "kept": _resent(request),
                EXPECTED: fresh.version,
            },
            status=409,
        )

    def _settle(self, request: HttpRequest, object_id: str, extra: dict[str, Any]) -> None:
        fresh = self.get_object(request, object_id)
        if fresh is None:
            raise Http404
        theirs = self.get_form(request, fresh, change=True)(instance=fresh)
        request.POST = conflicts.settle(request.POST, theirs)  # type: ignore[assignment]  # a copy
        if "_edit_further" in request.POST:
            request.rule_violation = RuleViolation(  # type: ignore[attr-defined]  # read by get_form
                "look_again", _("Nothing is saved yet. Check the values and save.")
            )

    # --- History ---------------------------------------------------------------------------

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The record's revisions, in words; hidden records have none."""
        instance = self.get_object(request, object_id)
        if instance is None or not hasattr(instance, "history"):
            raise Http404
        if not self.has_view_or_change_permission(request, instance):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("History of changes: %(record)s") % {"record": instance},
            "opts": self.opts,
            "original": instance,
            "revisions": revisions(instance, self.masked_fields),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/base/history.html", context)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list that an address asks for; what no filter understands is no address of ours."""
        try:
            return super().get_changelist_instance(request)
        except (IncorrectLookupParameters, ValidationError) as error:
            raise Http404 from error


def _expected(request: HttpRequest, instance: Any) -> int | None:
    if not isinstance(instance, Versioned):
        return None
    text = request.POST.get(EXPECTED, "")
    if not text.isdecimal():
        raise RuleViolation("page_outdated", _("This page is outdated; open it again."))
    return int(text)


def _revision(instance: Any, number: int) -> Model | None:
    if not hasattr(instance, "history"):
        return None
    found: Model | None = instance.history.filter(version=number).first()
    return found


def _saved_by(instance: Any) -> Any:
    return (
        instance.history.select_related("history_user").first()
        if hasattr(instance, "history")
        else None
    )


def _resent(request: HttpRequest) -> list[tuple[str, str]]:
    """Everything that was posted, to be posted again with the choices."""
    dropped = {EXPECTED, "csrfmiddlewaretoken", "_settle", "_edit_further"}
    return [
        (key, value)
        for key, values in request.POST.lists()
        if key not in dropped
        for value in values
    ]
