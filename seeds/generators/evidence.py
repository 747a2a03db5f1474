"""The evidence that the gates ask for, as far as a story has come."""

from __future__ import annotations

from datetime import datetime
from random import Random

from django.db.models import Model

from leads.models import (
    Contract,
    ContractKind,
    DepartmentOpinion,
    JointReview,
    OpinionVerdict,
    Screening,
)
from leads.stages import ORDER, Department, Stage, Verdict
from seeds.generators.shapes import Shared
from seeds.generators.stories import pick

_UNDECIDED = (
    *(Verdict.FOLLOW.value,) * 4,
    *(Verdict.RESERVE.value,) * 2,
    Verdict.DROP.value,
)
_OPINIONS = (*(OpinionVerdict.AGREE.value,) * 4, OpinionVerdict.CONDITIONAL.value)
_JUDGED = {
    "industry": "符合主导产业方向",
    "market": "订单基本落实",
    "technology": "工艺成熟",
    "environment": "无明显环保风险",
    "energy": "能耗强度可控",
    "benefit": "亩均税收预计达标",
}


def evidence(dice: Random, moments: list[datetime]) -> dict[type[Model], list[Shared]]:
    """`moments` are those of entering each stage; each stage past the first leaves its papers."""
    parts: dict[type[Model], list[Shared]] = {}
    if len(moments) > ORDER.index(Stage.SCREENING):
        parts[Screening] = [_screening(dice, moments)]
    if len(moments) > ORDER.index(Stage.REVIEW):
        moment = moments[ORDER.index(Stage.REVIEW)]
        parts[DepartmentOpinion] = [_opinion(dice, code, moment) for code in Department.values]
        parts[JointReview] = [_review(moment)]
    if len(moments) > ORDER.index(Stage.SIGNED):
        parts[Contract] = [_contract(moments[-1])]
    return parts


def _stamps(moment: datetime) -> dict[str, datetime]:
    return {"created_at": moment, "updated_at": moment}


def _screening(dice: Random, moments: list[datetime]) -> Shared:
    decided = len(moments) > ORDER.index(Stage.NEGOTIATING)
    moment = moments[ORDER.index(Stage.SCREENING)]
    return Shared(
        Screening,
        verdict=Verdict.FOLLOW.value if decided else pick(dice, _UNDECIDED),
        judged_on=moment.date(),
        **_JUDGED,
        **_stamps(moment),
    )


def _opinion(dice: Random, department: str, moment: datetime) -> Shared:
    return Shared(
        DepartmentOpinion,
        department=department,
        verdict=pick(dice, _OPINIONS),
        text="原则同意",
        given_by="演示科室",
        given_on=moment.date(),
        **_stamps(moment),
    )


def _review(moment: datetime) -> Shared:
    return Shared(
        JointReview,
        held_on=moment.date(),
        attendees="专班、土地、能源、环保、安监",
        conclusion="同意入区，按协议推进",
        **_stamps(moment),
    )


def _contract(moment: datetime) -> Shared:
    return Shared(
        Contract,
        kind=ContractKind.INVESTMENT.value,
        signed_on=moment.date(),
        our_party="开发区管理委员会（演示）",
        counted=True,
        **_stamps(moment),
    )
