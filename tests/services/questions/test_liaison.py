"""Care, visits by cadence, questions raised on the spot, and 无事不扰."""

from datetime import date
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile

from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import User
from leads.models import Attachment, FollowUp
from leads.permissions import NotAllowed
from services.actions.liaison import VisitedBefore, appoint_officer, crowd, end_liaison, log_visit
from services.models import Liaison, Question, QuestionFile, Tier, Visit
from tests.factories import follow_up, log_a_lead
from tests.services.questions.office import Office, a_secret_care, at

pytestmark = pytest.mark.django_db
NOW = at("2024-11-18")


def a_visit(office: Office, day: date = date(2024, 11, 18), **kwargs) -> Visit:
    values = {"purpose": "liaison", "summary": "看了新线", **kwargs.pop("values", {})}
    given = {"enterprise": office.company, "by": office.officer, "now": NOW, **kwargs}
    return log_visit(visited_on=day, values=values, **given)


def test_the_officers_visit_renews_the_cadence(office: Office) -> None:
    visit = a_visit(office)
    liaison = Liaison.objects.get()
    assert (liaison.last_visit_on, liaison.next_visit_on) == (
        date(2024, 11, 18),
        date(2024, 12, 2),  # ten working days for a key enterprise
    )
    assert visit.liaison == liaison


def test_a_visit_logged_late_moves_nothing_back(office: Office) -> None:
    a_visit(office)
    a_visit(office, date(2024, 11, 4))
    assert Liaison.objects.get().last_visit_on == date(2024, 11, 18)


def test_somebody_elses_visit_does_not_renew_the_cadence(office: Office) -> None:
    before = Liaison.objects.get().next_visit_on
    a_visit(office, by=office.clerk, values={"department": office.housing})
    assert Liaison.objects.get().next_visit_on == before


def test_what_was_asked_on_the_spot_is_taken_in(office: Office) -> None:
    asked = {"title": "加层手续", "text": "怎么办？", "category": office.category}
    visit = a_visit(office, question=asked)
    question = Question.objects.get()
    assert (question.visit, question.source, question.taken_in_by) == (
        visit,
        "liaison",
        office.officer,
    )


def test_a_bad_question_leaves_no_visit(office: Office) -> None:
    with pytest.raises(RuleViolation):
        a_visit(office, question={"title": " ", "text": "?", "category": office.category})


def test_of_a_visit_whose_question_is_refused_no_file_stays(
    office: Office, settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    member = office.cast.member_a
    lead = log_a_lead(by=member)
    asked = {"title": " ", "text": "怎么办？", "category": office.category}
    photo = SimpleUploadedFile("说明.pdf", b"%PDF-1.7")
    visit = {"enterprise": lead.enterprise, "by": member}
    with pytest.raises(RuleViolation):
        a_visit(office, uploads=[photo], question=asked, **visit)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    a_visit(office, uploads=[photo], question={**asked, "title": "加层手续"}, **visit)
    kept = Attachment.objects.get()
    assert (kept.lead, kept.follow_up) == (lead, FollowUp.objects.get(lead=lead))
    assert not QuestionFile.objects.exists()


def test_where_there_is_a_lead_it_becomes_its_follow_up(office: Office) -> None:
    member = office.cast.member_a
    lead = log_a_lead(by=member)
    visit = a_visit(office, enterprise=lead.enterprise, by=member)
    assert visit.follow_up == FollowUp.objects.get(lead=lead)
    lead.refresh_from_db()
    assert lead.last_contact_on == date(2024, 11, 18)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"day": date(2024, 11, 19)}, "visited_on"),
        ({"values": {"summary": " "}}, "summary"),
        ({"values": {"purpose": "tea"}}, "purpose"),
        ({"values": {"our_people": "长" * 201}}, "our_people"),
    ],
)
def test_bad_input_is_refused_at_its_field(office: Office, change: dict, field: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        a_visit(office, **change)
    assert refused.value.field == field
    assert not Visit.objects.exists()


def test_a_form_that_comes_twice_is_one_visit(office: Office) -> None:
    number = "0b0e0000-0000-4000-8000-000000000001"
    a_visit(office, sent_as=number)
    with pytest.raises(VisitedBefore):
        a_visit(office, sent_as=number)
    assert Visit.objects.count() == 1


def test_a_visit_is_counted_to_ones_own_department(office: Office) -> None:
    with pytest.raises(RuleViolation) as refused:
        a_visit(office, by=office.clerk, values={"department": office.fire})
    assert refused.value.field == "department"


# --- 无事不扰 ----------------------------------------------------------------------------------


def test_the_third_visit_in_thirty_days_is_one_too_many(office: Office) -> None:
    first = a_visit(office, date(2024, 10, 30))
    second = a_visit(office, date(2024, 11, 8))
    assert not first.was_too_many
    assert not second.was_too_many
    full = crowd(office.company, date(2024, 11, 18))
    assert (full.visits, full.allowed, full.is_full) == (2, 2, True)
    assert a_visit(office).was_too_many


def test_visits_of_longer_ago_do_not_count(office: Office) -> None:
    a_visit(office, date(2024, 10, 18))
    a_visit(office, date(2024, 10, 20))
    assert crowd(office.company, date(2024, 11, 18)).visits == 1


def test_calls_of_teams_count_once_and_not_of_confidential_leads(office: Office) -> None:
    member = office.cast.member_a
    lead = log_a_lead(by=member)
    a_visit(office, enterprise=lead.enterprise, by=member)  # a visit and its follow-up: one
    follow_up(lead, by=member, now=NOW, method="visit_out", occurred_at=NOW)
    follow_up(lead, by=member, now=NOW, method="call", occurred_at=NOW)
    assert crowd(lead.enterprise, date(2024, 11, 18)).visits == 2
    type(lead).objects.filter(pk=lead.pk).update(confidential=True, code_name="代号")
    assert crowd(lead.enterprise, date(2024, 11, 18)).visits == 1


# --- Care --------------------------------------------------------------------------------------


def test_care_changes_hands_with_a_reason_and_stays_on_record(office: Office) -> None:
    given = {
        "enterprise": office.company,
        "officer": office.clerk,
        "tier": Tier.REGULAR,
        "by": office.service,
    }
    with pytest.raises(RuleViolation) as refused:
        appoint_officer(**given)
    assert refused.value.field == "reason"
    appoint_officer(**given, reason="分工调整")
    assert Liaison.objects.active().get().officer == office.clerk
    assert Liaison.objects.exclude(ended_on=None).get().end_reason == "分工调整"


def test_who_may_appoint(office: Office) -> None:
    allowed = set()
    for name, person in office.people().items():
        try:
            end_liaison(liaison=Liaison.objects.get(), reason="试", by=person)
        except (NotAllowed, Liaison.DoesNotExist):
            continue
        allowed.add(name)
        Liaison.objects.update(ended_on=None, end_reason="")
    assert allowed == {"coordinator", "service", "officer"}


def test_a_confidential_care_is_ended_by_who_appointed(office: Office) -> None:
    liaison = a_secret_care(office, by=office.cast.coordinator)
    assert Liaison.objects.visible_to(office.cast.coordinator).filter(pk=liaison.pk).exists()
    ended = end_liaison(liaison=liaison, reason="企业迁出", by=office.cast.coordinator)
    assert ended.ended_on


def test_a_confidential_care_changes_hands_by_who_did_not_see_it(office: Office) -> None:
    """Somebody else of the office, who knows the company by another lead of it."""
    first = a_secret_care(office, by=office.cast.coordinator)
    office.service.user_permissions.add(Permission.objects.get(codename="see_all_teams"))
    somebody = User.objects.get(pk=office.service.pk)
    assert not Liaison.objects.visible_to(somebody).filter(pk=first.pk).exists()
    given = {"enterprise": first.enterprise, "tier": Tier.KEY, "reason": "调离", "by": somebody}
    second = appoint_officer(officer=office.clerk, **given)
    first.refresh_from_db()
    assert first.ended_on
    assert Liaison.objects.visible_to(somebody).filter(pk=second.pk).exists()


def test_who_cannot_record_visits_is_no_officer(office: Office) -> None:
    with pytest.raises(RuleViolation) as refused:
        appoint_officer(
            enterprise=office.company,
            officer=office.cast.outsider,
            tier=Tier.KEY,
            reason="换",
            by=office.service,
        )
    assert refused.value.field == "officer"
