"""A chain's lists are kept by its own team; the tree of segments has no circle."""

from typing import Any

import pytest
from django.db import transaction

from chains.actions.lists import reorder_segment, save_record, save_segment, save_target_company
from chains.models import ChainPolicy, Gap, Segment, Site, TargetCompany, TargetState
from kfq_crm.base.errors import RuleViolation, VersionConflict
from tests.cast import Cast
from tests.factories import SegmentFactory, a_uscc, log_a_lead
from tests.threads import at_once


def refusal_of(call: Any) -> tuple[str, str | None]:
    with pytest.raises(RuleViolation) as refusal:
        call()
    return refusal.value.code, refusal.value.field


@pytest.fixture
def sought(cast: Cast) -> TargetCompany:
    values = {"chain": cast.chain_a, "name": "江苏航天信控动力有限公司"}
    return save_target_company(company=TargetCompany(), values=values, by=cast.member_a)


# --- Target companies -----------------------------------------------------------------------


def test_company_stands_on_a_chains_list_once_under_any_spelling(
    cast: Cast, sought: TargetCompany
) -> None:
    again = {"chain": cast.chain_a, "name": "航天信控动力"}
    assert refusal_of(
        lambda: save_target_company(company=TargetCompany(), values=again, by=cast.member_a)
    ) == ("on_list", "name")
    other = {"chain": cast.chain_b, "name": "航天信控动力"}
    assert save_target_company(company=TargetCompany(), values=other, by=cast.member_b).pk


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"uscc": "123"}, "uscc_length", "uscc"),
        ({"name": "长" * 101}, "max_length", "name"),
        ({"name": " "}, "blank", "name"),
        ({"state": "bogus"}, "invalid_choice", "state"),
    ],
)
def test_company_is_refused_at_its_field(
    cast: Cast, values: dict[str, str], code: str, field: str
) -> None:
    values = {"chain": cast.chain_a, "name": "某公司", **values}
    refused = refusal_of(
        lambda: save_target_company(company=TargetCompany(), values=values, by=cast.member_a)
    )
    assert refused == (code, field)
    assert not TargetCompany.objects.exists()


def test_credit_code_is_kept_in_one_spelling(cast: Cast, sought: TargetCompany) -> None:
    saved = save_target_company(
        company=sought, values={"uscc": a_uscc(1).lower()}, by=cast.member_a, expected=1
    )
    assert saved.uscc == a_uscc(1)


def test_another_chains_company_is_neither_changed_nor_taken_over(
    cast: Cast, sought: TargetCompany
) -> None:
    for values in ({"reason": "看看"}, {"chain": cast.chain_b}):
        with transaction.atomic(), pytest.raises(TargetCompany.DoesNotExist):
            save_target_company(company=sought, values=values, by=cast.member_b)
    given_away = refusal_of(
        lambda: save_target_company(
            company=sought, values={"chain": cast.chain_b}, by=cast.member_a
        )
    )
    assert given_away == ("other_team", "chain")
    assert save_target_company(company=sought, values={"reason": "补链"}, by=cast.coordinator).pk


def test_segment_and_gap_belong_to_the_companys_chain(cast: Cast, sought: TargetCompany) -> None:
    segment = SegmentFactory(chain=cast.chain_b)
    gap = Gap.objects.create(chain=cast.chain_b, kind="fill", description="缺口")
    for field, value in (("segment", segment), ("gap", gap)):
        refused = refusal_of(
            lambda f=field, v=value: save_target_company(
                company=sought, values={f: v}, by=cast.member_a
            )
        )
        assert refused == ("other_chain", field)


def test_logged_lead_marks_its_company(cast: Cast, sought: TargetCompany) -> None:
    log_a_lead(by=cast.member_b, investor="航天信控动力（集团）有限公司")
    sought.refresh_from_db()
    assert sought.state == TargetState.SOUGHT
    log_a_lead(by=cast.member_a, investor="江苏航天信控动力二期有限公司")
    sought.refresh_from_db()
    assert sought.state == TargetState.SOUGHT


def test_lead_of_the_own_chain_marks_it_and_a_confidential_one_does_not(
    cast: Cast, sought: TargetCompany
) -> None:
    log_a_lead(by=cast.member_a, investor=sought.name, confidential=True, code_name="蓝鲸")
    sought.refresh_from_db()
    assert sought.state == TargetState.SOUGHT
    log_a_lead(by=cast.member_a, investor=sought.name)
    sought.refresh_from_db()
    assert (sought.state, sought.version) == (TargetState.LEAD, 2)


# --- Policies, sites ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "record",
    [lambda: ChainPolicy(title="政策"), lambda: Site(label="地块")],
    ids=["policy", "site"],
)
def test_policies_and_sites_are_kept_by_the_own_team(cast: Cast, record: Any) -> None:
    make = {"values": {"chain": cast.chain_a}}
    assert refusal_of(lambda: save_record(record=record(), by=cast.member_b, **make)) == (
        "other_team",
        "chain",
    )
    saved = save_record(record=record(), by=cast.member_a, **make)
    with transaction.atomic(), pytest.raises(type(saved).DoesNotExist):
        save_record(record=saved, values={"chain": cast.chain_b}, by=cast.member_b)
    with pytest.raises(VersionConflict):
        save_record(record=saved, values={}, by=cast.member_a, expected=9)


# --- Segments -------------------------------------------------------------------------------


def test_segment_does_not_lie_inside_itself(cast: Cast) -> None:
    top = SegmentFactory(chain=cast.chain_a)
    middle = SegmentFactory(chain=cast.chain_a, parent=top)
    bottom = SegmentFactory(chain=cast.chain_a, parent=middle)
    for parent in (top, middle, bottom):
        move = {"segment": top, "values": {"parent": parent}, "by": cast.coordinator}
        assert refusal_of(lambda m=move: save_segment(**m)) == ("circle", "parent")


def test_segment_stays_in_its_chain(cast: Cast) -> None:
    segment, stranger = SegmentFactory(chain=cast.chain_a), SegmentFactory(chain=cast.chain_b)
    move = {"segment": segment, "values": {"parent": stranger}, "by": cast.coordinator}
    assert refusal_of(lambda: save_segment(**move)) == ("other_chain", "parent")


def test_segments_are_reordered_among_their_siblings(cast: Cast) -> None:
    rows = [SegmentFactory(chain=cast.chain_a, name=name, order=0) for name in "甲乙丙"]
    reorder_segment(segment=rows[2], step=-1, by=cast.coordinator)
    assert list(Segment.objects.order_by("order").values_list("name", flat=True)) == [
        *"甲丙乙",
    ]
    reorder_segment(segment=rows[0], step=-1, by=cast.coordinator)
    assert Segment.objects.order_by("order").first() == rows[0]


@pytest.mark.django_db(transaction=True)
def test_two_moves_at_once_close_no_circle(cast: Cast) -> None:
    one, other = SegmentFactory(chain=cast.chain_a), SegmentFactory(chain=cast.chain_a)
    by = cast.coordinator
    outcomes = at_once(
        lambda: save_segment(segment=one, values={"parent": other}, by=by),
        lambda: save_segment(segment=other, values={"parent": one}, by=by),
    )
    assert len([o for o in outcomes if isinstance(o, RuleViolation)]) == 1, outcomes
    assert Segment.objects.filter(parent=None).count() == 1
