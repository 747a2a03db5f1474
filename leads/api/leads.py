"""Leads: the list, one of it, and what a team's own tools may do to them."""

from __future__ import annotations

from leads.api.lead_filters import LEAD_ORDERINGS, LeadFilters
from leads.api.lead_rows import LeadSerializer
from leads.api.views import LeadsViewSet
from leads.models import Lead


class Leads(LeadsViewSet):
    """Investments that teams court, from the first call to the contract."""

    resource = "leads"
    model = Lead
    serializer_class = LeadSerializer
    filterset_class = LeadFilters
    orderings = LEAD_ORDERINGS
