from leads.models.claim import Claim, ClaimKey, ClaimState, KeyKind, Ruling, RulingRequest
from leads.models.contract import (
    Commitment,
    CommitmentSide,
    Contract,
    ContractAmountChange,
    ContractKind,
    Exclusion,
)
from leads.models.digest import (
    Answer,
    Decision,
    Digest,
    DigestRule,
    DigestState,
    Weekday,
)
from leads.models.enterprise import Contact, Enterprise
from leads.models.files import Attachment
from leads.models.followup import Blocker, FollowUp, Method
from leads.models.landing import LandedProject, Milestone, MilestoneKind
from leads.models.lead import Currency, Lead, Source, StageChange, WaitingFor
from leads.models.reminder import (
    EscalationStep,
    LimitItem,
    Reminder,
    ReminderState,
    ResponseLimit,
    Role,
    SnoozeRule,
    Via,
)
from leads.models.review import DepartmentOpinion, JointReview, OpinionVerdict, Screening
from leads.models.rules import (
    CadenceRule,
    ClaimRule,
    DisclosureRule,
    ScaleThreshold,
    StallRule,
)

__all__ = [
    "Answer",
    "Attachment",
    "Blocker",
    "CadenceRule",
    "Claim",
    "ClaimKey",
    "ClaimRule",
    "ClaimState",
    "Commitment",
    "CommitmentSide",
    "Contact",
    "Contract",
    "ContractAmountChange",
    "ContractKind",
    "Currency",
    "Decision",
    "DepartmentOpinion",
    "Digest",
    "DigestRule",
    "DigestState",
    "DisclosureRule",
    "Enterprise",
    "EscalationStep",
    "Exclusion",
    "FollowUp",
    "JointReview",
    "KeyKind",
    "LandedProject",
    "Lead",
    "LimitItem",
    "Method",
    "Milestone",
    "MilestoneKind",
    "OpinionVerdict",
    "Reminder",
    "ReminderState",
    "ResponseLimit",
    "Role",
    "Ruling",
    "RulingRequest",
    "ScaleThreshold",
    "Screening",
    "SnoozeRule",
    "Source",
    "StageChange",
    "StallRule",
    "Via",
    "WaitingFor",
    "Weekday",
]
