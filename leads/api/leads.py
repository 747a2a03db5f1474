"""Leads: the list, one of it, and what a team's own tools may do to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from kfq_crm.base.api.conditional import expected_version
from kfq_crm.base.api.problems import bad_request
from kfq_crm.base.api.serializers import ActionSerializer, read_body
from kfq_crm.base.api.writes import Written, write_once
from leads.actions.contracts import record_contract
from leads.actions.followups import log_follow_up
from leads.actions.pipeline import (
    advance_lead,
    exit_lead,
    log_lead,
    reopen_lead,
    return_lead,
    update_lead,
)
from leads.api.bodies import (
    MOVE_BODIES,
    ContractBody,
    FollowUpBody,
    LeadBody,
    LeadChangeBody,
)
from leads.api.contracts import Contracts, ContractSerializer
from leads.api.follow_ups import FollowUps, FollowUpSerializer
from leads.api.lead_filters import LEAD_ORDERINGS, LeadFilters
from leads.api.lead_rows import LeadSerializer
from leads.api.views import LeadsViewSet
from leads.models import Lead

MOVES: Mapping[str, Callable[..., Lead]] = {
    "advance": advance_lead,
    "return": return_lead,
    "exit": exit_lead,
    "reopen": reopen_lead,
}


class Leads(LeadsViewSet):
    """Investments that teams court, from the first call to the contract."""

    resource = "leads"
    model = Lead
    serializer_class = LeadSerializer
    filterset_class = LeadFilters
    orderings = LEAD_ORDERINGS
    write_permissions = {
        "create": "leads.add_lead",
        "partial_update": "leads.change_lead",
        "moves": "leads.change_lead",
        "follow_ups": "leads.add_followup",
        "contracts": "leads.add_contract",
    }
    conditional_actions = ("partial_update", "moves")

    @extend_schema(
        summary=gettext_lazy("Log a lead"), request=LeadBody, responses={201: LeadSerializer}
    )
    def create(self, request: Request) -> Response:
        """Log a lead: duplicate check, company, claim, lead, first contact; all or nothing."""
        values = read_body(LeadBody, request.data, user=self.user)
        self._told_as(self)
        return write_once(
            request, lambda: self.record(log_lead(values=values, by=self.user), status=201)
        )

    @extend_schema(
        summary=gettext_lazy("Change a lead's data"),
        request=LeadChangeBody,
        responses={200: LeadSerializer},
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a lead's data, never its stage. Wants If-Match."""
        lead = self.get_object(pk)
        expected = expected_version(request)
        values = read_body(LeadChangeBody, request.data, user=self.user, lead=lead)
        changed = update_lead(lead=lead, values=values, by=self.user, expected=expected)
        written = self.record(changed)
        return Response(written.data, headers=dict(written.headers))

    @extend_schema(
        summary=gettext_lazy("Log a follow-up"),
        request=FollowUpBody,
        responses={201: FollowUpSerializer},
    )
    @action(detail=True, methods=["post"], url_path="follow-ups", url_name="follow-ups")
    def follow_ups(self, request: Request, pk: str) -> Response:
        """Log what happened; the lead's clocks, next step and claim move with it."""
        lead, values = self._about(FollowUpBody, pk)
        records = self._told_as(FollowUps(request=request))

        def write() -> Written:
            follow_up = log_follow_up(lead=lead, values=values, by=self.user)
            return records.record(follow_up, status=201)

        return write_once(request, write)

    @extend_schema(
        summary=gettext_lazy("Record a contract"),
        request=ContractBody,
        responses={201: ContractSerializer},
    )
    @action(detail=True, methods=["post"], url_name="contracts")
    def contracts(self, request: Request, pk: str) -> Response:
        """Put a signed paper on record; moving the lead to the signed stage counts it."""
        lead, values = self._about(ContractBody, pk)
        records = self._told_as(Contracts(request=request))

        def write() -> Written:
            contract = record_contract(lead=lead, values=values, by=self.user)
            return records.record(contract, status=201)

        return write_once(request, write)

    @extend_schema(
        summary=gettext_lazy("Move a lead"),
        request=PolymorphicProxySerializer(
            component_name="Move", serializers=dict(MOVE_BODIES), resource_type_field_name="kind"
        ),
        responses={201: LeadSerializer},
    )
    @action(detail=True, methods=["post"], url_name="moves")
    def moves(self, request: Request, pk: str) -> Response:
        """Move on, return, take out or take up again. Wants If-Match.

        Answers the lead as it stands now; `Location` is the move on record.
        """
        lead = self.get_object(pk)
        expected = expected_version(request)
        kind = _kind_of(request.data)
        values = read_body(MOVE_BODIES[kind], request.data, user=self.user, lead=lead)
        values.pop("kind")
        self._told_as(self)

        def write() -> Written:
            moved = MOVES[kind](lead=lead, by=self.user, expected=expected, **values)
            written = self.record(moved)
            change = moved.stage_changes.order_by("-pk").values_list("pk", flat=True)[0]
            address = reverse("api:stage-changes-detail", args=[change], request=request)
            return Written(written.data, 201, {**written.headers, "Location": address})

        return write_once(request, write)

    def _about(self, body: type[ActionSerializer], pk: str) -> tuple[Lead, dict[str, Any]]:
        """The lead that a program writes about, and what it says."""
        lead: Lead = self.get_object(pk)
        return lead, read_body(body, self.request.data, user=self.user, lead=lead)

    def _told_as(self, records: LeadsViewSet) -> LeadsViewSet:
        """The resource whose rows a write answers, asked by the same program; a table has its
        columns, also where the answer is one that was kept."""
        records.represent([], records.known_fields())
        self.columns = records.columns
        return records


def _kind_of(data: Any) -> str:
    kind = data.get("kind") if isinstance(data, Mapping) else None
    if isinstance(kind, str) and kind in MOVE_BODIES:
        return kind
    message = _("Say what kind of move it is: %(known)s.") % {"known": ", ".join(MOVE_BODIES)}
    raise bad_request("kind", "unknown_value", message)
