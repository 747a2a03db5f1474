"""Errors of the API: one shape for all of them, RFC 9457 problem documents.

    {"type": "about:blank", "title": …, "status": 422, "detail": …, "instance": "/api/v1/leads/",
     "code": "gate_not_met", "errors": [{"field": "amount", "code": …, "message": …}]}

`code` is stable and for programs; `title`, `detail` and `message` are for people, in the
language that the request asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any, Final

from django.core.exceptions import (
    ObjectDoesNotExist,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions

from kfq_crm.base.errors import GateNotMet, RuleViolation, VersionConflict

logger = logging.getLogger("kfq_crm.api")

CONTENT_TYPE: Final = "application/problem+json"
WHOLE = "_"  # an error that belongs to no single field


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one parameter or one member of the body ("chain", "items.2.day")."""

    field: str | None
    code: str
    message: str


class Problem(Exception):
    """Ends the request with this problem document."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: Any,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(status, code, detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.more = more


def bad_request(field: str | None, code: str, message: Any) -> Problem:
    """400 for one parameter or one member of the body."""
    return invalid([FieldError(field, code, str(message))])


def invalid(errors: Sequence[FieldError]) -> Problem:
    """400 with everything that is wrong with the parameters or the body, at once."""
    return Problem(400, "invalid", _("The request is not valid; see the errors."), errors=errors)


TITLES: Final = {
    400: gettext_lazy("Bad request"),
    401: gettext_lazy("Not authenticated"),
    403: gettext_lazy("Not allowed"),
    404: gettext_lazy("Not found"),
    405: gettext_lazy("Method not allowed"),
    406: gettext_lazy("Format not available"),
    409: gettext_lazy("Conflict"),
    410: gettext_lazy("Gone"),
    412: gettext_lazy("Changed in the meantime"),
    413: gettext_lazy("Too large"),
    415: gettext_lazy("Content type not understood"),
    422: gettext_lazy("A rule refuses this"),
    428: gettext_lazy("Precondition required"),
    429: gettext_lazy("Too many requests"),
    500: gettext_lazy("Internal error"),
}


def answer_problem(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """DRF's EXCEPTION_HANDLER: whatever went wrong becomes a problem document.

    Requests are not transactions here: what an action began it has rolled back itself.
    """
    request = context.get("request")
    problem = problem_of(error)
    if problem.status >= 500:
        logger.error("unhandled error at %s", getattr(request, "path", ""), exc_info=error)
    return render_problem(problem, request)


def render_problem(problem: Problem, request: HttpRequest | Any) -> HttpResponse:
    document = {
        "type": "about:blank",
        "title": str(TITLES.get(problem.status, HTTPStatus(problem.status).phrase)),
        "status": problem.status,
        "detail": str(problem.detail),
        "instance": getattr(request, "path", ""),
        "code": problem.code,
        "errors": [asdict(error) for error in problem.errors],
        **problem.more,
    }
    answer = JsonResponse(
        document,
        status=problem.status,
        content_type=CONTENT_TYPE,
        json_dumps_params={"ensure_ascii": False},
    )
    for name, value in problem.headers.items():
        answer[name] = value
    answer["Cache-Control"] = "no-store"
    return answer


def problem_of(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    if isinstance(error, Http404 | ObjectDoesNotExist):
        return not_found()
    return _of_domain(error)


def not_found() -> Problem:
    """Hidden and missing alike."""
    return Problem(404, "not_found", _("There is no such record, or it is not yours to see."))


def _of_domain(error: Exception) -> Problem:
    if isinstance(error, GateNotMet):
        missing = [
            {"code": need.code, "message": str(need.label), "place": need.place}
            for need in error.missing
        ]
        return _broken_rule(error, missing=missing)
    if isinstance(error, RuleViolation):
        return _broken_rule(error)
    if isinstance(error, VersionConflict):
        return outdated(error.instance)
    if isinstance(error, PermissionDenied):
        return Problem(403, "not_allowed", _("You may not do this."))
    if isinstance(error, RequestDataTooBig):
        return Problem(413, "too_large", _("The body of the request is too large."))
    if isinstance(error, SuspiciousOperation):
        return Problem(400, "invalid", _("The request is not valid; see the errors."))
    return Problem(500, "error", _("Something went wrong here. It has been recorded."))


def _broken_rule(error: RuleViolation, **more: Any) -> Problem:
    at_field = [FieldError(error.field, error.code, str(error.message))] if error.field else []
    return Problem(422, error.code, error.message, errors=at_field, **more)


def outdated(instance: Any) -> Problem:
    """412 with the revision that is on record now."""
    return Problem(
        412,
        "version_conflict",
        _("Somebody saved this in the meantime. Read it again, then repeat the change."),
        headers={"ETag": f'"{instance.version}"'},
        version=instance.version,
    )


def _of_framework(error: exceptions.APIException) -> Problem:
    if isinstance(error, exceptions.ValidationError):
        return invalid(list(field_errors(error.detail)))
    if isinstance(error, exceptions.Throttled):
        wait = max(1, int(getattr(error, "wait", None) or 1))
        detail = _("Too many requests with this token. Wait %(seconds)s seconds.")
        return Problem(
            429, "throttled", detail % {"seconds": wait}, headers={"Retry-After": str(wait)}
        )
    codes = error.get_codes()
    code = codes if isinstance(codes, str) else "invalid"
    return Problem(error.status_code, code, error.detail, headers=_headers_of(error))


def _headers_of(error: exceptions.APIException) -> dict[str, str]:
    header = getattr(error, "auth_header", None)
    return {"WWW-Authenticate": header} if header else {}


def field_errors(detail: Any, path: str = "") -> Iterator[FieldError]:
    """DRF's nested details as a flat list, each with the path of its member."""
    if isinstance(detail, Mapping):
        for name, below in detail.items():
            here = path if name == "non_field_errors" else f"{path}.{name}" if path else str(name)
            yield from field_errors(below, here)
    elif isinstance(detail, list):
        for place, below in enumerate(detail):
            nested = isinstance(below, Mapping | list)
            yield from field_errors(below, f"{path}.{place}" if nested and path else path)
    else:
        yield FieldError(path or None, str(getattr(detail, "code", "invalid")), str(detail))
