"""The tree of all chains' segments: read by all, changed by the coordination office."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from chains.actions.lists import reorder_segment, save_segment
from chains.models import Chain, Position, Segment
from kfq_crm.base.errors import RuleViolation, VersionConflict
from kfq_crm.base.forms import ActionForm, add_violation
from kfq_crm.base.pages import office_page

CHANGE = "chains.change_segment"
STEPS = {"up": -1, "down": 1}


class SegmentForm(ActionForm):
    """A segment's name, place on the chain and wider segment, of its own chain only."""

    name = forms.CharField(
        label=pgettext_lazy("segment", "Name"), max_length=60, widget=UnfoldAdminTextInputWidget()
    )
    parent = forms.ModelChoiceField(
        empty_label="—",
        label=gettext_lazy("Wider segment"),
        help_text=gettext_lazy("Empty: stands on the chain itself"),
        queryset=Segment.objects.none(),
        required=False,
        widget=UnfoldAdminSelectWidget(),
    )
    position = forms.ChoiceField(
        label=gettext_lazy("Place on the chain"),
        choices=[("", "—"), *Position.choices],
        required=False,
        widget=UnfoldAdminSelectWidget(),
    )
    source = forms.CharField(
        label=gettext_lazy("Source in the report"),
        max_length=60,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
    )
    expected = forms.IntegerField(widget=forms.HiddenInput(), required=False)

    def __init__(self, *args: Any, segment: Segment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        siblings = segment.chain.segments.order_by("order", "pk")
        # Itself and what lies inside it stay on offer: the refusal says why it cannot be.
        self.fields["parent"].queryset = siblings  # type: ignore[attr-defined]  # a ModelChoiceField
        self.initial.update(
            name=segment.name,
            parent=segment.parent_id,
            position=segment.position,
            source=segment.source,
            expected=segment.version if segment.pk else None,
        )


@require_http_methods(["GET", "HEAD", "POST"])
def segment_tree(request: HttpRequest) -> HttpResponse:
    """`?segment=` opens a segment's form, `?chain=` (with `?under=`) that of a new one."""
    if not request.user.has_perm("chains.view_segment"):
        raise PermissionDenied
    segment = _asked_segment(request)
    may_change = request.user.has_perm(CHANGE)
    if request.method == "POST":
        if segment is None or not may_change:
            raise PermissionDenied
        return _save(request, segment)
    form = SegmentForm(segment=segment) if segment and may_change else None
    return _render(request, segment, form)


@require_POST
def segment_step(request: HttpRequest, pk: int) -> HttpResponse:
    """One place up or down among its siblings."""
    if not request.user.has_perm(CHANGE):
        raise PermissionDenied
    user: Any = request.user
    segment = get_object_or_404(Segment.objects.visible_to(user), pk=pk)
    step = STEPS.get(request.POST.get("step", ""), 0)
    reorder_segment(segment=segment, step=step, by=user)
    return HttpResponseRedirect(_address(segment))


def _save(request: HttpRequest, segment: Segment) -> HttpResponse:
    form = SegmentForm(request.POST, segment=segment)
    if form.is_valid():
        values = dict(form.cleaned_data)
        expected = values.pop("expected")
        if values["position"] != segment.position:
            values["position_inferred"] = False
        try:
            _require_revision(segment, expected)
            saved = save_segment(
                segment=segment,
                values=values,
                by=request.user,  # type: ignore[arg-type]  # signed in here
                expected=expected,
            )
        except RuleViolation as violation:
            add_violation(form, violation)
        except VersionConflict:
            messages.error(
                request, _("Somebody else saved this in the meantime; look at it again.")
            )
            return HttpResponseRedirect(_address(segment))
        else:
            messages.success(request, _("The segment “%(name)s” is saved.") % {"name": saved})
            return HttpResponseRedirect(f"{reverse('admin:segment_tree')}#segment-{saved.pk}")
    return _render(request, segment, form)


def _require_revision(segment: Segment, expected: int | None) -> None:
    if segment.pk and expected is None:
        raise RuleViolation("page_outdated", _("This page is outdated; open it again."))


def _render(
    request: HttpRequest, segment: Segment | None, form: SegmentForm | None
) -> HttpResponse:
    context = {
        "trees": _trees(),
        "segment": segment,
        "form": form,
        "media": form.media if form else "",
        "may_change": request.user.has_perm(CHANGE),
    }
    return office_page(request, "overview/segment_tree.html", _("Segment tree"), context)


def _trees() -> list[dict[str, Any]]:
    """Chains with their root segments, each with `inner`; two queries."""
    inner: dict[int | None, list[Segment]] = defaultdict(list)
    for row in Segment.objects.order_by("order", "pk"):
        inner[row.parent_id].append(row)
    for rows in list(inner.values()):
        for row in rows:
            row.inner = inner.get(row.pk, [])  # type: ignore[attr-defined]  # read by the template
    roots = inner[None]
    return [
        {"chain": chain, "roots": [row for row in roots if row.chain_id == chain.pk]}
        for chain in Chain.objects.all()
    ]


def _asked_segment(request: HttpRequest) -> Segment | None:
    user: Any = request.user
    if key := request.GET.get("segment"):
        rows = Segment.objects.visible_to(user).select_related("chain", "parent")
        return get_object_or_404(rows, pk=int(key) if key.isdecimal() else 0)
    if key := request.GET.get("chain"):
        chains = Chain.objects.visible_to(user)
        chain = get_object_or_404(chains, pk=int(key) if key.isdecimal() else 0)
        under = request.GET.get("under", "")
        parent = chain.segments.filter(pk=under).first() if under.isdecimal() else None
        return Segment(chain=chain, parent=parent, order=chain.segments.count() + 1)
    return None


def _address(segment: Segment) -> str:
    return f"{reverse('admin:segment_tree')}?segment={segment.pk}#segment-{segment.pk}"


admin.site.add_page("segments/", segment_tree, "segment_tree")  # type: ignore[attr-defined]  # the office's site
admin.site.add_page("segments/<int:pk>/step/", segment_step, "segment_step")  # type: ignore[attr-defined]  # as above
