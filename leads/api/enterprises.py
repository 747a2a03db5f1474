"""Companies, as far as one may know of them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kfq_crm.base.api.filters import FlagFilter, TextFilter, day_range
from kfq_crm.base.api.rows import RowSerializer
from kfq_crm.base.search import matching
from leads.api.filters import AskedFilterSet, WordsFilter
from leads.api.views import LeadsViewSet
from leads.models import Enterprise


class EnterpriseSerializer(RowSerializer):
    class Meta:
        model = Enterprise
        fields = (
            "id",
            "name",
            "uscc",
            "parent_group",
            "industry_code",
            "region_code",
            "country",
            "address",
            "note",
            "is_public",
            "created_at",
            "updated_at",
            "version",
        )

    texts = {
        "name": _("Full name of the company"),
        "uscc": _("Social credit code (GB 32100), 18 characters; null without a local company"),
        "parent_group": _("Group that it belongs to, as typed"),
        "industry_code": _("Industry code (GB/T 4754-2017), a letter and digits"),
        "region_code": _("Region code (GB/T 2260), six digits"),
        "country": _("Country or region that it comes from"),
        "address": _("Where the company sits"),
        "note": _("Remarks, in words"),
        "is_public": _("Whether a published report names it; then every team sees it"),
    }


class EnterpriseFilters(AskedFilterSet):
    uscc = TextFilter(field_name="uscc", lookup_expr="iexact", label=_("Social credit code"))
    region = TextFilter(
        field_name="region_code",
        lookup_expr="startswith",
        label=_("Region code, or its first digits"),
    )
    public = FlagFilter(field_name="is_public", label=_("Named in a published report, or not"))
    changed_from, changed_to = day_range("updated_at", _("Changed last between"), moment=True)
    q = WordsFilter(matching, _("Words: name, group, pinyin initials, code"))


class Enterprises(LeadsViewSet):
    """Companies that the owner of the token may know of."""

    resource = "enterprises"
    model = Enterprise
    serializer_class = EnterpriseSerializer
    filterset_class = EnterpriseFilters
