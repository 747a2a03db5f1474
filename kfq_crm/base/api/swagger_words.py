"""Swagger's page speaks English only; these are its words, for the page to replace."""

from __future__ import annotations

from django.utils.translation import pgettext


def swagger_words() -> dict[str, str]:
    """What Swagger writes, to what a reader of this language reads."""
    return {
        "Authorize": pgettext("Swagger", "Authorize"),
        "Available authorizations": pgettext("Swagger", "Available authorizations"),
        "Authorized": pgettext("Swagger", "Authorized"),
        "Value:": pgettext("Swagger", "Value:"),
        "Logout": pgettext("Swagger", "Logout"),
        "Close": pgettext("Swagger", "Close"),
        "Parameters": pgettext("Swagger", "Parameters"),
        "No parameters": pgettext("Swagger", "No parameters"),
        "Name": pgettext("Swagger", "Name"),
        "Description": pgettext("Swagger", "Description"),
        "Try it out": pgettext("Swagger", "Try it out"),
        "Cancel": pgettext("Swagger", "Cancel"),
        "Reset": pgettext("Swagger", "Reset"),
        "Execute": pgettext("Swagger", "Execute"),
        "Clear": pgettext("Swagger", "Clear"),
        "Request body": pgettext("Swagger", "Request body"),
        "required": pgettext("Swagger", "required"),
        "Responses": pgettext("Swagger", "Responses"),
        "Server response": pgettext("Swagger", "Server response"),
        "Response body": pgettext("Swagger", "Response body"),
        "Response headers": pgettext("Swagger", "Response headers"),
        "Request URL": pgettext("Swagger", "Request URL"),
        "Code": pgettext("Swagger", "Code"),
        "Details": pgettext("Swagger", "Details"),
        "Links": pgettext("Swagger", "Links"),
        "No links": pgettext("Swagger", "No links"),
        "Media type": pgettext("Swagger", "Media type"),
        "Controls": pgettext("Swagger", "Controls"),
        "header.": pgettext("Swagger", "header."),
        "Example Value": pgettext("Swagger", "Example Value"),
        "Schema": pgettext("Swagger", "Schema"),
        "Headers:": pgettext("Swagger", "Headers:"),
        "Type": pgettext("Swagger", "Type"),
        "Download": pgettext("Swagger", "Download"),
        "Copy to clipboard": pgettext("Swagger", "Copy to clipboard"),
        "Error: response status is": pgettext("Swagger", "Error: response status is"),
        "Undocumented": pgettext("Swagger", "Undocumented"),
        "Add string item": pgettext("Swagger", "Add string item"),
        "Add item": pgettext("Swagger", "Add item"),
        "Send empty value": pgettext("Swagger", "Send empty value"),
        "Expand all": pgettext("Swagger", "Expand all"),
        "Collapse all": pgettext("Swagger", "Collapse all"),
    }
