"""Addresses of the site. The admin is the product; everything else hangs beside it."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from kfq_crm import api_root
from kfq_crm.base import views

handler400 = "kfq_crm.base.uploads.bad_request"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/", admin.site.urls),
    path("api/v1/", include((api_root.urlpatterns, "api"))),
    re_path("^api/", api_root.nothing_here),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics_page, name="metrics"),
]
