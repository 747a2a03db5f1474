"""What the admins of a chain's plain records share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db.models import Model
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget

from chains.actions.lists import save_record
from chains.models import Chain, Gap, Segment
from chains.visibility import own_teams, sees_all
from kfq_crm.base.scoped_admin import ScopedModelAdmin


def own_chains(request: HttpRequest) -> Any:
    """Chains that the person may keep lists for."""
    if sees_all(request.user):  # type: ignore[arg-type]  # signed in here
        return Chain.objects.all()
    return Chain.objects.filter(pk__in=own_teams(request.user).values("chain"))  # type: ignore[arg-type]  # as above


class PlaceField(forms.ModelChoiceField):
    """A segment or a gap, with its chain before it."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.chain} · {obj}"


class RecordAdmin(ScopedModelAdmin):
    """A record without rules of its own, written by `save_record`."""

    warn_unsaved_form = True
    sortable_by = ()

    def write(
        self,
        request: HttpRequest,
        instance: Any,
        values: Mapping[str, Any],
        expected: int | None,
    ) -> Model:
        return save_record(record=instance, values=values, by=request.user, expected=expected)  # type: ignore[arg-type]  # signed in here

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.remote_field.model in (Segment, Gap):
            rows = db_field.remote_field.model.objects.select_related("chain")
            kwargs.setdefault("queryset", rows.filter(chain__in=self.chains(request)))
            kwargs.setdefault("form_class", PlaceField)
            kwargs.setdefault("widget", UnfoldAdminSelectWidget())
        elif db_field.remote_field.model is Chain:
            kwargs.setdefault("queryset", self.chains(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(getattr(field, "widget", None), RelatedFieldWidgetWrapper):
            # The menus beside a picker lead away from a form that is half filled in.
            field.widget = field.widget.widget
        return field

    def chains(self, request: HttpRequest) -> Any:
        """Chains that a record may be filed under."""
        return Chain.objects.all()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        chains = list(self.chains(request)[:2])
        if len(chains) == 1:
            initial.setdefault("chain", chains[0].pk)
        return initial


class OwnChainAdmin(RecordAdmin):
    """A record of a chain's list, kept by the chain's own team."""

    def chains(self, request: HttpRequest) -> Any:
        return own_chains(request)
