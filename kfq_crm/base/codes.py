"""Identifiers that other offices issue: cleaned to one spelling, checked as far as published.

Every `clean_*` takes what a person typed or a cell holds and returns the one stored spelling, or
raises a RuleViolation that says what to correct. An empty input is a broken rule here; whether a
field may stay empty is its form's business.
"""

from __future__ import annotations

import re
from typing import Final

from django.utils.translation import gettext as _
from stdnum.cn import uscc

from .errors import RuleViolation
from .parsing import nfkc, shown

_SEPARATORS: Final = re.compile(r"[ -]")

USCC_LENGTH: Final = 18
_USCC: Final = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")

# GB/T 4754-2017: the divisions (two digits) of each section (letter), first and last.
_DIVISIONS: Final = {
    letter: range(first, last + 1)
    for letter, first, last in (
        *(("A", 1, 5), ("B", 6, 12), ("C", 13, 43), ("D", 44, 46), ("E", 47, 50)),
        *(("F", 51, 52), ("G", 53, 60), ("H", 61, 62), ("I", 63, 65), ("J", 66, 69)),
        *(("K", 70, 70), ("L", 71, 72), ("M", 73, 75), ("N", 76, 79), ("O", 80, 82)),
        *(("P", 83, 83), ("Q", 84, 85), ("R", 86, 90), ("S", 91, 96), ("T", 97, 97)),
    )
}
_INDUSTRY: Final = re.compile(r"(?P<section>[A-T])(?:(?P<division>[0-9]{2})[0-9]{0,2})?")

# GB/T 2260: the first two digits of every province-level region.
_PROVINCES: Final = {
    *(*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47)),
    *(*range(50, 55), *range(61, 66), 71, 81, 82),
}
_REGION: Final = re.compile(r"[0-9]{6}")

_LONGEST_PHONE: Final = 40
_PHONE_INPUT: Final = re.compile(r"\(?\+?[0-9 ().-]+")
# "转" and "分机" are how people write an extension; the Latin spellings come from business cards.
_EXTENSION: Final = re.compile(
    r"(?P<number>.+?) ?(?:转|分机|ext\.?|x|#) ?(?P<extension>[0-9]{1,6})", re.I
)
# What follows a whole number can only be an extension: 0523-84831234-801, 052384831234-801.
_LAST_GROUP: Final = re.compile(
    r"(?P<number>(?:\+?86[ -]?)?0?[0-9]{2,3}[ -][0-9]{7,8}|\+[0-9]{7,15}|[0-9]{10,15})"
    r"-(?P<extension>[0-9]{1,6})"
)
_SEVERAL: Final = re.compile(r"[0-9]{5} ?[/、;,] ?\+?[0-9]{5}|[0-9]{7} \+?[0-9]{7}")
_MOBILE: Final = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE: Final = re.compile(r"0(?:10|2[0-9]|[3-9][0-9]{2})[2-9][0-9]{6,7}")
_SERVICE: Final = re.compile(r"[48]00[0-9]{7}")
_LOCAL: Final = re.compile(r"[2-9][0-9]{6,7}")
_FOREIGN: Final = re.compile(r"\+[1-9][0-9]{6,14}")

_PROJECT: Final = re.compile(
    r"(?P<time>[0-9]{4})(?P<region>[0-9]{6})(?P<office>[0-9]{2})(?P<kind>[0-9]{2})"
    r"(?P<serial>[0-9]{5})(?P<check>[0-9X])"
)


def clean_uscc(text: object) -> str:
    """A unified social credit code (GB 32100-2015): 18 characters, check digit verified.

    Codes: uscc_length, uscc_characters, uscc_check_digit.
    """
    code = _compact(text)
    if len(code) != USCC_LENGTH:
        message = _("A unified social credit code has 18 characters, this one has %(length)s.")
        raise RuleViolation("uscc_length", message % {"length": len(code)})
    if not _USCC.fullmatch(code):
        raise RuleViolation("uscc_characters", _uscc_characters_message())
    if code[-1] != uscc.calc_check_digit(code):
        message = _(
            "The check digit does not fit: a character of the code is mistyped. Compare it with "
            "the business licence."
        )
        raise RuleViolation("uscc_check_digit", message)
    return code


def clean_phone(text: object) -> str:
    """A telephone number as digits: 13812345678, 052384831234, 4008001234, +85223456789.

    The +86 of mainland numbers is dropped, other countries keep their "+"; an extension follows
    a hyphen (052384831234-801). Landlines need their area code.
    Codes: phone_empty, phone_several, phone_area_code_missing, phone_invalid.
    """
    number, extension = _split_extension(_checked_phone_input(nfkc(text)))
    digits = _national(number)
    if _LOCAL.fullmatch(digits):
        message = _("Add the area code to the landline number, for example 0523-84831234.")
        raise RuleViolation("phone_area_code_missing", message)
    if not any(kind.fullmatch(digits) for kind in (_MOBILE, _LANDLINE, _SERVICE, _FOREIGN)):
        raise _not_a_phone(number)
    return f"{digits}-{extension}" if extension else digits


def phone_key(text: object) -> str:
    """The digits to compare two numbers by: no "+", no 86, no extension. Never refuses: of what
    is no number, the digits that it has; the empty string when there are none."""
    return re.sub(r"[^0-9]", "", _best_number(text).partition("-")[0])


def mask_phone(text: object) -> str:
    """The number for those who may not read it: 138****5678, 0523****1234, +852****6789.

    At least four digits are hidden, at most four shown at either end; fewer than seven digits
    and extensions vanish altogether. Text without digits becomes four stars, nothing stays
    nothing.
    """
    if not nfkc(text):
        return ""
    number, hyphen, extension = _best_number(text).partition("-")
    plus = "+" if number.startswith("+") else ""
    return plus + _masked(number.removeprefix("+")) + hyphen + "*" * len(extension)


def mask_email(text: str) -> str:
    """The address for those who may not read it: z***@example.com. Nothing stays nothing."""
    name, sign, host = text.strip().rpartition("@")
    if sign:
        return f"{name[:1]}***@{host}"
    return "***" if host else ""


def clean_industry_code(text: object) -> str:
    """An industry of GB/T 4754-2017: its letter alone or with two to four digits.

    Checked: that the division belongs to the letter; not that every group and class exists.
    Codes: industry_code_invalid, industry_code_unknown.
    """
    code = _compact(text)
    found = _INDUSTRY.fullmatch(code)
    if not found:
        message = _(
            "An industry code is a letter from A to T with two to four digits, for example C3742."
        )
        raise RuleViolation("industry_code_invalid", message)
    division = found["division"]
    if division and int(division) not in _DIVISIONS[found["section"]]:
        message = _(
            "Section %(section)s has no division %(division)s in GB/T 4754-2017. Check the letter."
        )
        raise RuleViolation("industry_code_unknown", message % found.groupdict())
    return code


def clean_region_code(text: object) -> str:
    """A region of GB/T 2260: six digits. Checked: the province; not that the county exists.

    Codes: region_code_invalid, region_code_unknown.
    """
    code = _compact(text)
    if not _REGION.fullmatch(code):
        message = _("A region code has six digits, for example 321282.")
        raise RuleViolation("region_code_invalid", message)
    if int(code[:2]) not in _PROVINCES:
        message = _("No province has a region code beginning with %(digits)s.")
        raise RuleViolation("region_code_unknown", message % {"digits": code[:2]})
    return code


def clean_project_code(text: object) -> str:
    """A code of the national investment project platform (GB/T 40058-2021), with its hyphens.

    24 characters, 2603-321282-04-01-123456: time (year and month, before 2020 the year), region,
    guiding office, kind, and five random digits with a check character. Hyphens may be left out.
    Checked: the shape, that the time is one, and the province of the region (000 for central
    offices). Not checked: office and kind, and the check character, whose rule we do not hold.
    Codes: project_code_length, project_code_invalid.
    """
    code = _compact(text)
    if len(code) != 20:
        message = _(
            "A project code has 20 digits, with its hyphens 24 characters, for example "
            "2603-321282-04-01-123456; this one has %(length)s digits."
        )
        raise RuleViolation("project_code_length", message % {"length": len(code)})
    found = _PROJECT.fullmatch(code)
    if not found or not (_is_project_time(found["time"]) and _is_project_region(found["region"])):
        message = _(
            "“%(text)s” is not a project code. It begins with year, month and region, for example "
            "2603-321282-04-01-123456."
        )
        raise RuleViolation("project_code_invalid", message % {"text": shown(code)})
    parts = found.group("time", "region", "office", "kind")
    return "-".join((*parts, found["serial"] + found["check"]))


def _compact(text: object) -> str:
    return _SEPARATORS.sub("", nfkc(text)).upper()


def _checked_phone_input(text: str) -> str:
    if not text:
        raise RuleViolation("phone_empty", _("Type a telephone number."))
    if _SEVERAL.search(text):
        message = _(
            "These are several numbers. Type one here and add another contact for the next."
        )
        raise RuleViolation("phone_several", message)
    if len(text) > _LONGEST_PHONE:
        raise _not_a_phone(text)
    return text


def _split_extension(text: str) -> tuple[str, str]:
    found = _EXTENSION.fullmatch(text) or _LAST_GROUP.fullmatch(text)
    return (found["number"], found["extension"]) if found else (text, "")


def _national(number: str) -> str:
    """Digits only, without the 86 of the mainland; foreign numbers begin with "+"."""
    if not _PHONE_INPUT.fullmatch(number):
        raise _not_a_phone(number)
    digits = re.sub(r"[^0-9+]", "", number)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    # Without the "+", 86 may be the country or the beginning of a local number.
    if digits.startswith("+86") or _MOBILE.fullmatch(digits.removeprefix("86")):
        return _with_trunk_zero(digits.removeprefix("+").removeprefix("86"))
    return digits


def _with_trunk_zero(digits: str) -> str:
    if _MOBILE.fullmatch(digits) or _SERVICE.fullmatch(digits):
        return digits
    return "0" + digits.removeprefix("0")


def _not_a_phone(text: str) -> RuleViolation:
    message = _(
        "“%(text)s” is not a telephone number. Type a mobile number with 11 digits, a landline "
        "with its area code, or a foreign number that begins with + and the country code."
    )
    return RuleViolation("phone_invalid", message % {"text": shown(text)})


def _best_number(text: object) -> str:
    try:
        return clean_phone(text)
    except RuleViolation:
        return re.sub(r"[^0-9]", "", nfkc(text))


def _masked(digits: str) -> str:
    length = len(digits)
    if length < 7:
        return "*" * (length or 4)
    head, tail = min(max(length - 8, 0), 4), 4 if length >= 8 else 3
    return digits[:head] + "*" * (length - head - tail) + digits[-tail:]


def _uscc_characters_message() -> str:
    return _(
        "The code has characters that cannot stand there: the letters I, O, S, V and Z are "
        "never used, and the third to eighth characters are digits."
    )


def _is_project_time(time: str) -> bool:
    """YYMM, or the four-digit year of the codes given before 2020."""
    return "01" <= time[2:] <= "12" or time.startswith("20")


def _is_project_region(region: str) -> bool:
    return region.startswith("000") or int(region[:2]) in _PROVINCES
