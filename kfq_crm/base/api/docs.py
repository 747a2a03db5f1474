"""The description of the API for programs, and pages to read and try it, all from this server."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from drf_spectacular.renderers import OpenApiJsonRenderer2, OpenApiYamlRenderer2
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from kfq_crm.base.api.problems import bad_request
from kfq_crm.base.api.schema import schema_in
from kfq_crm.base.api.swagger_words import swagger_words
from kfq_crm.base.api.views import OfficeView


class Schema(OfficeView):
    """Open to all: it tells what there is, and nothing of what is in it."""

    schema = None
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    renderer_classes = (OpenApiJsonRenderer2, OpenApiYamlRenderer2)
    parameters = ("lang",)

    def get(self, request: Request) -> Response:
        return Response(schema_in(chosen_language(request)))


def chosen_language(request: Request) -> str:
    """`lang=` where a reader chooses on the page, the reader's own language otherwise."""
    language = request.query_params.get("lang", translation.get_language())
    known = [code for code, _label in settings.LANGUAGES]
    if language not in known:
        message = _("There is no “%(text)s” here. Known: %(known)s.")
        words = {"text": str(language)[:40], "known": ", ".join(known)}
        raise bad_request("lang", "unknown_value", message % words)
    return str(language)


class Docs(OfficeView):
    """Swagger's page; its script is an answer of its own, as the content policy wants it."""

    schema = None
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    renderer_classes = (TemplateHTMLRenderer,)
    parameters = ("lang",)

    def get(self, request: Request) -> Response:
        language = chosen_language(request)
        others = [(code, label) for code, label in settings.LANGUAGES if code != language]
        schema = f"{reverse('api:schema')}?lang={language}"
        with translation.override(language):
            words = swagger_words()
            context = {"schema": schema, "language": language, "others": others, "words": words}
            answer = Response(context, template_name="base/api_docs.html")
            answer.headers["Cross-Origin-Opener-Policy"] = "same-origin"
            return answer
