"""Words that must never leak, and the world whose records hold them."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from kfq_crm.base.models import (
    User,
)
from tests.cast import Cast
from tests.factories import (
    a_uscc,
)

NUMBER = "13987651234"
# What team B must not read anywhere; each stands in a field of its own.
CANARIES = {
    "title": "金丝雀叶片总装项目",
    "company": "江苏金丝雀航发部件有限公司",
    "company's key": "金丝雀航发部件",
    "parent": "白鹇重工集团",
    "code": a_uscc(77),
    "summary of the lead": "画眉鸟方案一期",
    "contact": "百灵总",
    "number": NUMBER,
    "follow-up": "鹧鸪厅闭门会谈",
    "next step": "约见杜鹃资本",
    "blocker": "夜莺地块未腾空",
    "question": "黑鹳路口能否先行施工",
    "asked": "绿孔雀变电所何时增容",
    "contract": "蓝鹊合〔2026〕7号",
    "counterparty": "云雀投资合伙企业",
    "commitment": "朱鹮税收目标",
    "measured value": "朱鹮纳税申报表",
    "rectification": "补缴朱鹮税款",
    "verdict": "朱鹮税款未到账",
    "project": "金丝雀叶片总装项目",
    "permit": "灰鹤施许字第7号",
    "building": "戴胜总装楼",
    "listing": "鸳鸯入统函",
    "progress": "白鹳吊装过半",
    "approval": "丹顶鹤地块权属待核",
    "paper": "红隼厂区勘察报告",
    "file": "喜鹊厂区平面图",
    "target company": "鸬鹚船配有限公司",
    "policy": "黄鹂专项扶持办法",
    "site": "苍鹭路九号地块",
    "message": "白鹤岛密会纪要",
}

# A confidential lead of team A: for its owner and the team's head alone.
SECRETS = {"title": "夜鹭秘密项目", "company": "江苏夜鹭航空装备有限公司"}


def picture() -> SimpleUploadedFile:
    content = BytesIO()
    Image.new("RGB", (2, 2)).save(content, "PNG")
    return SimpleUploadedFile(f"{CANARIES['file']}.png", content.getvalue(), "image/png")


@dataclass
class World:
    """The cast with an administrator, and by name the records that addresses need."""

    cast: Cast
    administrator: User
    records: dict[str, Any] = field(default_factory=dict)

    def person(self, role: str) -> User:
        return self.administrator if role == "administrator" else getattr(self.cast, role)

    def key(self, name: str) -> int:
        return int(self.records[name].pk)
