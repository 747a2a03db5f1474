"""Settings of the API: how programs sign in, what they may ask for, how they are answered."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kfq_crm.environment import number

API_APPS = ["rest_framework", "django_filters", "drf_spectacular", "drf_spectacular_sidecar"]
_API = "kfq_crm.base.api"
# Requests of one web process that may wait for changes at once; each keeps one of its threads
LONG_POLLS = number("KFQ_LONG_POLLS", 4)
REST_FRAMEWORK = {
    # Tokens alone: without cookies there is nothing that another site could make a browser send
    "DEFAULT_AUTHENTICATION_CLASSES": [f"{_API}.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [
        f"{_API}.permissions.HasScope",
        f"{_API}.permissions.MayUseModel",
    ],
    "DEFAULT_THROTTLE_CLASSES": [f"{_API}.throttling.TokenThrottle"],
    "DEFAULT_PARSER_CLASSES": [f"{_API}.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        f"{_API}.renderers.CsvRenderer",
        f"{_API}.renderers.XlsxRenderer",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": f"{_API}.renderers.FormatNegotiation",
    "DEFAULT_SCHEMA_CLASS": f"{_API}.schema.OfficeSchema",
    "EXCEPTION_HANDLER": f"{_API}.problems.answer_problem",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": _("Investment attraction: programming interface"),
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "POSTPROCESSING_HOOKS": [],
    "COMPONENT_SPLIT_REQUEST": True,
}
