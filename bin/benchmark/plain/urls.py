"""The plain side's only addresses."""

from django.contrib import admin
from django.urls import path

from benchmark.plain.lists import FollowUpList, LeadList

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/leads/", LeadList.as_view()),
    path("api/follow-ups/", FollowUpList.as_view()),
]
