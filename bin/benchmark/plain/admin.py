"""The admin that an afternoon gives; as many rows a page and as many columns as the product's."""

from django.contrib import admin

from benchmark.plain.models import Lead, Question, Step


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


@admin.register(Step)
class StepAdmin(admin.ModelAdmin):
    list_display = ("name", "project", "department", "state", "due_on", "submitted_on", "helper")
    list_filter = ("department", "state")
    search_fields = ("name", "project")
    list_per_page = 50
    ordering = ("-pk",)


@admin.register(Question)
class QuestionAdmin(admin.ModelAdmin):
    list_display = (
        *("title", "company", "category", "place", "department", "handler"),
        *("state", "due_on", "asked_at"),
    )
    list_filter = ("state", "category", "department")
    search_fields = ("title", "company")
    list_per_page = 50
    ordering = ("-pk",)
