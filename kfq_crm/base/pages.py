"""What pages of our own need inside the admin's frame."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from kfq_crm.base.calendar import current_calendar


def office_page(
    request: HttpRequest, template: str, title: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Render a page that extends `office/page.html`, with today and the calendar for limits."""
    return TemplateResponse(
        request,
        template,
        {
            **admin.site.each_context(request),
            "title": title,
            "today": timezone.localdate(),
            "calendar": context.get("calendar") or current_calendar(),
            **context,
        },
        status=status,
    )
