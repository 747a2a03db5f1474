"""No parameter is ignored: an unknown one, one given twice and an empty one are refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from django.utils.translation import gettext as _
from rest_framework.request import Request

from kfq_crm.base.api.problems import FieldError, bad_request, invalid
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.parsing import nfkc, shown

YES: Final = {"true", "1", "yes"}
NO: Final = {"false", "0", "no"}


def check_parameters(request: Request, known: Collection[str]) -> None:
    """400 with all of what is wrong about the parameters' names."""
    errors = [
        error
        for name, values in request.query_params.lists()
        for error in _judge(name, values, known)
    ]
    if errors:
        raise invalid(errors)


def _judge(name: str, values: Sequence[str], known: Collection[str]) -> Iterable[FieldError]:
    if name not in known:
        message = _("There is no parameter “%(name)s” here. Known: %(known)s.")
        words = {"name": shown(name), "known": ", ".join(sorted(known))}
        yield FieldError(shown(name), "unknown_parameter", message % words)
    elif len(values) > 1:
        message = _("This parameter is given twice. Several values stand behind commas.")
        yield FieldError(name, "parameter_repeated", message)
    elif not values[0].strip():
        yield FieldError(name, "parameter_empty", _("This parameter is empty. Leave it out."))
    elif "\x00" in values[0]:
        yield FieldError(name, "invalid", _("This parameter holds a character that no text has."))


def chosen_fields(request: Request, known: Sequence[str]) -> list[str]:
    """The members that `fields=` asks for, in the order of the resource; all without it."""
    text = request.query_params.get("fields")
    if text is None:
        return list(known)
    wanted = {name.strip() for name in text.split(",")}
    unknown = sorted(wanted - set(known))
    if unknown:
        message = _("There is no field “%(name)s” here. Known: %(known)s.")
        words = {"name": shown(", ".join(unknown)), "known": ", ".join(known)}
        raise bad_request("fields", "unknown_field", message % words)
    return [name for name in known if name in wanted]


def read_flag(request: Request, name: str) -> bool:
    """A parameter that is true or false; false without it."""
    text = request.query_params.get(name)
    if text is None:
        return False
    try:
        return parse_flag(text)
    except RuleViolation as violation:
        raise bad_request(name, violation.code, violation.message) from violation


def parse_flag(text: str) -> bool:
    """true or false, also 1 or 0 and yes or no. RuleViolation for anything else."""
    plain = nfkc(text).lower()
    if plain in YES | NO:
        return plain in YES
    message = _("“%(text)s” is neither true nor false.") % {"text": shown(text)}
    raise RuleViolation("flag_invalid", message)
