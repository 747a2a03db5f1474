from django.urls import path

from kfq_crm.base.api.routes import addresses_of
from kfq_crm.overview.api.targets import AnnualTargets
from kfq_crm.overview.api.views import Overview

urlpatterns = [
    path("overview/", Overview.as_view(), name="overview-list"),
    *addresses_of(AnnualTargets),
]
