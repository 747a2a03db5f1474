"""What enterprises are written: plain words, and only what holds."""

import pytest

from kfq_crm.base.models import OutgoingMail
from tests.services.questions.office import Office, a_feedback, a_link, at

pytestmark = pytest.mark.django_db
NOW = at("2024-11-18")
ODD = "A&B公司问\"用电\"'何时'<恢复>"


def letter(name: str) -> OutgoingMail:
    return OutgoingMail.objects.get(kind=f"question:{name}")


@pytest.mark.parametrize("name", ["taken_in", "answered", "fed_back"])
def test_a_subject_shows_signs_as_they_were_typed(office: Office, name: str) -> None:
    a_feedback(office, title=ODD, now=NOW)
    assert letter(name).subject.endswith(ODD)


def test_the_subject_of_a_link_shows_the_enterprise_as_it_is_called(
    office: Office, settings
) -> None:
    settings.SITE_URL = "https://zone.example.cn"
    office.company.name = ODD
    a_link(office, now=NOW)
    assert ODD in letter("link").subject


@pytest.mark.parametrize(("site", "is_promised"), [("https://zone.example.cn", True), ("", False)])
@pytest.mark.parametrize("name", ["taken_in", "fed_back"])
def test_a_rating_is_promised_only_where_its_link_is_sent(
    office: Office, settings, name: str, site: str, is_promised: bool
) -> None:
    settings.SITE_URL = site
    a_feedback(office, now=NOW)
    assert ("评价低的重新办理" in letter(name).text) is is_promised
    assert ("/rate/" in letter("fed_back").text) is is_promised
