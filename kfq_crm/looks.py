"""The admin's looks: what Unfold is told of name, colours, styles and navigation."""

from __future__ import annotations

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

UNFOLD = {
    "SITE_TITLE": _("Investment attraction"),
    "SITE_HEADER": _("Investment attraction"),
    "SITE_SUBHEADER": _("by industry chain"),
    "SITE_URL": None,
    "SITE_SYMBOL": "hub",
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("base/favicon.svg"),
        },
    ],
    "SHOW_VIEW_ON_SITE": False,
    "ACCOUNT": {
        "navigation": [
            {"title": _("My account"), "link": reverse_lazy("admin:own_account")},
            {"title": _("Change your password"), "link": reverse_lazy("admin:password_change")},
        ],
    },
    "SHOW_LANGUAGES": False,
    "STYLES": [
        lambda request: static("base/office.css"),
        lambda request: static("overview/overview.css"),
    ],
    "SCRIPTS": [
        lambda request: static("base/frame.js"),
        lambda request: static("overview/keyboard.js"),
    ],
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "kfq_crm.overview.navigation.sidebar",
    },
    "COLORS": {
        # A calm teal to deep blue; 600 on white and white on 600 both pass WCAG AA
        "primary": {
            "50": "oklch(97.8% .012 205)",
            "100": "oklch(94.8% .028 206)",
            "200": "oklch(90.0% .050 208)",
            "300": "oklch(82.5% .078 211)",
            "400": "oklch(71.5% .095 215)",
            "500": "oklch(59.0% .093 219)",
            "600": "oklch(50.0% .086 223)",
            "700": "oklch(43.0% .075 227)",
            "800": "oklch(37.0% .063 231)",
            "900": "oklch(31.0% .053 235)",
            "950": "oklch(23.0% .042 239)",
        },
    },
}
