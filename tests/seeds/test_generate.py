"""generate_demo: several processes make a large load, and nothing is lost between them."""

import pytest

from leads.models import Lead
from seeds import generate as generator
from seeds.generate import generate

LEADS = 40


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_several_builders_write_what_one_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "BATCH", 9)
    monkeypatch.setattr(generator, "_LARGE", LEADS)
    told: list[int] = []
    generate(LEADS, tell=told.append)
    assert told == [9, 18, 27, 36, 40]
    assert Lead.objects.count() == LEADS
    titles = list(Lead.objects.order_by("pk").values_list("title", flat=True))
    assert len(set(titles)) == LEADS
