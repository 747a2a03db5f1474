"""Lists of leads as XLSX: what one sees in the list, and on record in the access log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kfq_crm.base.access import record_access
from kfq_crm.base.addresses import client_address
from kfq_crm.base.models import AccessKind
from kfq_crm.base.workbooks import workbook_response, write_workbook
from leads.models import Lead

EXPORT = "leads.export_leads"
MOST_ROWS = 50_000
IN_ONE_READ = 1_000
# Header and width, in the order of `_row`.
COLUMNS: tuple[tuple[Any, int], ...] = (
    (gettext_lazy("lead number"), 12),
    (gettext_lazy("project title"), 32),
    (gettext_lazy("name of the investor"), 32),
    (gettext_lazy("unified social credit code"), 22),
    (gettext_lazy("primary chain"), 14),
    (gettext_lazy("segment"), 16),
    (gettext_lazy("secondary chains"), 18),
    (gettext_lazy("stage"), 10),
    (gettext_lazy("in this stage since"), 14),
    (gettext_lazy("way out"), 10),
    (gettext_lazy("out since"), 12),
    (gettext_lazy("total investment (ten thousand)"), 16),
    (gettext_lazy("fixed investment (ten thousand)"), 16),
    (gettext_lazy("currency"), 10),
    (gettext_lazy("amount is an estimate"), 10),
    (gettext_lazy("scale band"), 12),
    (gettext_lazy("person in charge"), 12),
    (gettext_lazy("source of the lead"), 16),
    (gettext_lazy("outpost"), 14),
    (gettext_lazy("waiting for whom"), 20),
    (gettext_lazy("waiting since"), 12),
    (gettext_lazy("next step"), 32),
    (gettext_lazy("next step due"), 12),
    (gettext_lazy("last contact"), 12),
    (gettext_lazy("last progress"), 12),
    (gettext_lazy("logged on"), 12),
    (gettext_lazy("confidential"), 8),
)


@admin.action(description=gettext_lazy("Export as Excel"), permissions=["export"])
def export_selected(
    model_admin: Any, request: HttpRequest, chosen: QuerySet[Lead]
) -> HttpResponse | None:
    """The rows that were ticked (or all that the list is narrowed to)."""
    return export_rows(request, chosen)


def export_list(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """Everything that the list is narrowed to; the address carries search, tab and filters.

    POST only: whoever follows a link has not asked for a file that is then on record.
    """
    if not request.user.has_perm(EXPORT):  # type: ignore[union-attr]  # the admin lets nobody else in
        raise PermissionDenied
    back = HttpResponseRedirect(
        f"{reverse('admin:leads_lead_changelist')}?{request.GET.urlencode()}"
    )
    if request.method != "POST":
        return back
    rows = model_admin.get_changelist_instance(request).queryset
    return export_rows(request, rows) or back


def export_rows(request: HttpRequest, rows: QuerySet[Lead]) -> HttpResponse | None:
    """The file, or None with a message when there are too many rows for one."""
    count = rows.order_by()[: MOST_ROWS + 1].count()
    if count > MOST_ROWS:
        told = _("More than %(most)s rows do not fit into one file; narrow the list first.")
        messages.error(request, told % {"most": f"{MOST_ROWS:,}"})
        return None
    record_access(
        AccessKind.EXPORT,
        by=request.user,  # type: ignore[arg-type]  # the admin lets nobody else in
        subject="leads.lead",
        detail={"rows": count, "narrowed_to": request.GET.dict(), "ticked": _ticked(request)},
        address=client_address(request),
    )
    stream = write_workbook(
        _("Leads"), [(str(text), width) for text, width in COLUMNS], _table(_full(rows))
    )
    return workbook_response(stream, f"{_('Leads')}-{timezone.localdate():%Y%m%d}")


def _ticked(request: HttpRequest) -> bool:
    return "_selected_action" in request.POST and request.POST.get("select_across") != "1"


def _full(rows: QuerySet[Lead]) -> Iterator[Lead]:
    wanted = rows.select_related("enterprise", "chain", "segment", "owner", "outpost")
    with_chains = wanted.prefetch_related("secondary_chains")
    return with_chains.iterator(chunk_size=IN_ONE_READ)


def _table(leads: Iterable[Lead]) -> Iterator[list[Any]]:
    return (_row(lead) for lead in leads)


def _row(lead: Lead) -> list[Any]:
    """A confidential lead goes by its code name; what would tell who it is stays behind."""
    open_text = not lead.confidential
    company = lead.enterprise
    return [
        lead.number,
        str(lead),
        company.name if open_text else "",
        (company.uscc or "") if open_text else "",
        str(lead.chain),
        str(lead.segment or ""),
        _(", ").join(str(chain) for chain in lead.secondary_chains.all()),
        lead.get_stage_display(),
        timezone.localdate(lead.stage_entered_at),
        lead.get_exit_display(),
        lead.exited_on,
        lead.investment,
        lead.fixed_investment,
        lead.get_currency_display() if lead.investment is not None else "",
        _("yes") if lead.amount_is_estimate else "",
        lead.get_band_display(),
        str(lead.owner),
        lead.get_source_display(),
        str(lead.outpost or ""),
        _waiting(lead, open_text),
        None if lead.exit else lead.waiting_since,
        lead.next_action if open_text else "",
        lead.next_action_on,
        lead.last_contact_on,
        lead.last_progress_on,
        timezone.localdate(lead.created_at),
        _("yes") if lead.confidential else "",
    ]


def _waiting(lead: Lead, open_text: bool) -> str:
    if lead.exit:
        return ""
    detail = lead.waiting_detail if open_text else ""
    whom = lead.get_waiting_for_display()
    return f"{whom} · {detail}" if detail else whom
