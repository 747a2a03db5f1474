from services.models.departments import Department, departments_of, sees_all_services
from services.models.papers import MissingItem, PaperTask, StepFile, StepPaper
from services.models.plans import ApprovalPlan, ApprovalStep
from services.models.records import ClockStop, StepDependency, StepEvent
from services.models.states import (
    CLOSED,
    OPEN,
    PASSED,
    Consequence,
    DeemedVerdict,
    EventKind,
    PlanState,
    StepState,
    StopReason,
)
from services.models.templates import (
    ApprovalTemplate,
    DeemedRule,
    TemplateDependency,
    TemplatePaper,
    TemplateStep,
)

__all__ = [
    "CLOSED",
    "OPEN",
    "PASSED",
    "ApprovalPlan",
    "ApprovalStep",
    "ApprovalTemplate",
    "ClockStop",
    "Consequence",
    "DeemedRule",
    "DeemedVerdict",
    "Department",
    "EventKind",
    "MissingItem",
    "PaperTask",
    "PlanState",
    "StepDependency",
    "StepEvent",
    "StepFile",
    "StepPaper",
    "StepState",
    "StopReason",
    "TemplateDependency",
    "TemplatePaper",
    "TemplateStep",
    "departments_of",
    "sees_all_services",
]
