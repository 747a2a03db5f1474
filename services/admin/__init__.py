from services.admin import (
    asking,
    knowledge,
    liaison,
    liaison_verbs,
    question_answers,
    question_page,
    question_rules,
    question_verbs,
    questions,
    take_in,
)

__all__ = [
    "asking",
    "knowledge",
    "liaison",
    "liaison_verbs",
    "question_answers",
    "question_page",
    "question_rules",
    "question_verbs",
    "questions",
    "take_in",
]
