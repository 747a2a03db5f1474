"""The admin that an afternoon gives; as many rows a page and as many columns as the product's."""

from django.contrib import admin

from benchmark.plain.models import Lead


@admin.register(Lead)
class LeadAdmin(admin.ModelAdmin):
    list_display = (
        "title",
        "company",
        "chain",
        "stage",
        "investment",
        "owner",
        "next_action",
        "next_action_on",
        "waiting_for",
    )
    list_filter = ("stage", "chain", "owner")
    search_fields = ("title", "company", "initials", "phone")
    list_per_page = 50
    ordering = ("-pk",)
