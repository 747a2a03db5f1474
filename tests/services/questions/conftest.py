"""The office of these tests."""

from tests.services.questions.office import office

__all__ = ["office"]
