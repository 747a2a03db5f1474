"""Quantities as people type them: land, plant, energy. Forms and programs read them alike."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from kfq_crm.base.amounts import NUMBER
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.parsing import nfkc

_QUANTITY: Final = re.compile(rf"[+-]?{NUMBER}")
_LONGEST: Final = 40


def parse_quantity(value: object) -> Decimal:
    """Read a number: full-width digits and thousands separators are read.

    Nothing else that Decimal reads is one: no exponent, no underscore, no comma for a point.
    RuleViolation code: invalid.
    """
    text = nfkc(value)
    if len(text) > _LONGEST or not _QUANTITY.fullmatch(text):
        raise RuleViolation("invalid", _("Enter a number."))
    return Decimal(text.replace(",", ""))
