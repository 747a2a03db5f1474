"""Promises and look-backs on any page that knows a contract."""

from __future__ import annotations

from typing import Any

from django import template

from leads.models import Commitment, Contract
from leads.promise_board import Board, board_of
from leads.promise_board import colour_of as colour
from leads.promises import KEPT_DEFINITION, PACE_DEFINITION

register = template.Library()


@register.simple_tag
def promise_board(contract: Contract, user: Any) -> Board:
    """Both sides' promises of a contract that the person sees."""
    return board_of(contract, user)


@register.simple_tag
def pace_definition() -> str:
    """What the words beside a promise rest on."""
    return str(PACE_DEFINITION)


@register.simple_tag
def kept_definition() -> str:
    """What “kept” counts."""
    return str(KEPT_DEFINITION)


@register.filter
def standing_colour(promise: Commitment) -> str:
    """The colour of its verdict or outlook; a word stands beside it."""
    return colour(promise)
