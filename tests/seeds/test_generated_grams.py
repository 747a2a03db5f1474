"""Invented records are found by the same words as those that somebody typed."""

import pytest

from kfq_crm.base.names import search_grams
from kfq_crm.base.search import gram_code, stored_grams
from leads.actions.search import set_enterprise_search, set_lead_search, spell
from leads.models import Enterprise, Lead
from seeds.generate import generate
from seeds.generators.companies import company


def real(*texts: str) -> set[str]:
    return set(stored_grams(search_grams(*texts)))


def spared(*texts: str) -> set[str]:
    """Pairs that begin a triple: nobody needs them, and one of two texts may bring one."""
    return set(search_grams(*texts)) - real(*texts)


@pytest.mark.django_db
def test_generated_records_hold_what_the_actions_would_write() -> None:
    generate(300)
    for model, fill in ((Enterprise, set_enterprise_search), (Lead, set_lead_search)):
        rows = list(model.objects.order_by("pk"))
        assert len(rows) >= 250
        for row in rows:
            text, grams = row.search_text, row.search_grams
            fill(row)
            assert text == row.search_text
            assert len(grams) == len(set(grams))
            own, extra = set(row.search_grams), spared(*text.split("\n"))
            codes = set(map(gram_code, own)), set(map(gram_code, extra))
            own, extra = (own, extra) if isinstance(grams[0], str) else codes
            assert own <= set(grams) <= own | extra


@pytest.mark.parametrize("number", [0, 1, 2, 77, 10_000, 2_000_000, 44_000_000])
def test_grams_of_a_company_are_those_of_its_name(number: int) -> None:
    made = company(number)
    assert made.name == spell(made.name.text)
    assert real(*made.name) <= set(made.grams) <= real(*made.name) | spared(*made.name)
