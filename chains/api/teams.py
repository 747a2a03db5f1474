"""Task teams: who leads them, where they are posted."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from chains.api.filters import by_chain
from chains.api.taxonomy import ChainLabel
from chains.models import Outpost, TaskTeam
from kfq_crm.base.api.filters import ApiFilterSet
from kfq_crm.base.api.serializers import ReadSerializer
from kfq_crm.base.api.views import ReadViewSet
from kfq_crm.base.models import TokenScope, User


class StaffLabel(serializers.ModelSerializer[User]):
    """A member of the staff as other records name him or her: no telephone, no address."""

    name = serializers.CharField(source="display_name", label=_("full name of the person"))

    class Meta:
        model = User
        fields = ("id", "name", "unit")


class TeamLabel(serializers.ModelSerializer[TaskTeam]):
    class Meta:
        model = TaskTeam
        fields = ("id", "name")


class OutpostLabel(serializers.ModelSerializer[Outpost]):
    class Meta:
        model = Outpost
        fields = ("id", "name", "city")


class TeamSerializer(ReadSerializer):
    joins = {"chain": ("chain",), "leader": ("leader",), "head": ("head",)}
    fetches = {"outposts": ("outposts",)}

    chain = ChainLabel(label=_("industry chain"))
    leader = StaffLabel(label=_("chain leader"), allow_null=True)
    head = StaffLabel(label=_("team head"), allow_null=True)
    outposts = OutpostLabel(many=True, label=_("outposts"))

    class Meta:
        model = TaskTeam
        fields = (
            "id",
            "name",
            "chain",
            "leader",
            "head",
            "lead_unit",
            "outposts",
            "version",
            "updated_at",
        )


class TeamFilters(ApiFilterSet):
    chain = by_chain()


class Teams(ReadViewSet):
    resource = "teams"
    model = TaskTeam
    serializer_class = TeamSerializer
    filterset_class = TeamFilters
    required_scopes = {"read": TokenScope.CHAINS_READ}
