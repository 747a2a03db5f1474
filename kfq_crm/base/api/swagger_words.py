"""Swagger's page speaks English only; these are its words, for the page to replace."""

from __future__ import annotations

from django.utils.translation import pgettext

CONTEXT = "Swagger"


def swagger_words() -> dict[str, str]:
    """What Swagger writes, to what a reader of this language reads."""
    return {
        "Authorize": pgettext(CONTEXT, "Authorize"),
        "Available authorizations": pgettext(CONTEXT, "Available authorizations"),
        "Authorized": pgettext(CONTEXT, "Authorized"),
        "Value:": pgettext(CONTEXT, "Value:"),
        "Logout": pgettext(CONTEXT, "Logout"),
        "Close": pgettext(CONTEXT, "Close"),
        "Parameters": pgettext(CONTEXT, "Parameters"),
        "No parameters": pgettext(CONTEXT, "No parameters"),
        "Name": pgettext(CONTEXT, "Name"),
        "Description": pgettext(CONTEXT, "Description"),
        "Try it out": pgettext(CONTEXT, "Try it out"),
        "Cancel": pgettext(CONTEXT, "Cancel"),
        "Reset": pgettext(CONTEXT, "Reset"),
        "Execute": pgettext(CONTEXT, "Execute"),
        "Clear": pgettext(CONTEXT, "Clear"),
        "Request body": pgettext(CONTEXT, "Request body"),
        "required": pgettext(CONTEXT, "required"),
        "Responses": pgettext(CONTEXT, "Responses"),
        "Server response": pgettext(CONTEXT, "Server response"),
        "Response body": pgettext(CONTEXT, "Response body"),
        "Response headers": pgettext(CONTEXT, "Response headers"),
        "Request URL": pgettext(CONTEXT, "Request URL"),
        "Code": pgettext(CONTEXT, "Code"),
        "Details": pgettext(CONTEXT, "Details"),
        "Links": pgettext(CONTEXT, "Links"),
        "No links": pgettext(CONTEXT, "No links"),
        "Media type": pgettext(CONTEXT, "Media type"),
        "Controls": pgettext(CONTEXT, "Controls"),
        "header.": pgettext(CONTEXT, "header."),
        "Example Value": pgettext(CONTEXT, "Example Value"),
        "Schema": pgettext(CONTEXT, "Schema"),
        "Headers:": pgettext(CONTEXT, "Headers:"),
        "Type": pgettext(CONTEXT, "Type"),
        "Download": pgettext(CONTEXT, "Download"),
        "Copy to clipboard": pgettext(CONTEXT, "Copy to clipboard"),
        "Error: response status is": pgettext(CONTEXT, "Error: response status is"),
        "Undocumented": pgettext(CONTEXT, "Undocumented"),
        "Add string item": pgettext(CONTEXT, "Add string item"),
        "Add item": pgettext(CONTEXT, "Add item"),
        "Send empty value": pgettext(CONTEXT, "Send empty value"),
        "Expand all": pgettext(CONTEXT, "Expand all"),
        "Collapse all": pgettext(CONTEXT, "Collapse all"),
    }
