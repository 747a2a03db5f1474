"""Before a rule is entered: whom it would remind tomorrow. Confirming enters it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kfq_crm.base.admin.rules import RuleAdmin
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.pages import office_page
from kfq_crm.base.rule_models import Rule
from kfq_crm.base.rules import check_rule
from leads.models import CadenceRule
from leads.reminders.forecast import Forecast, forecast

CONFIRMED, FURTHER = "_confirmed", "_edit_further"
Fact = tuple[Any, Any]


class PreviewedRuleAdmin(RuleAdmin):
    """A valid form leads to the preview first; only what is confirmed there is entered."""

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if request.method == "POST" and CONFIRMED not in request.POST:
            if not self.has_add_permission(request):
                raise PermissionDenied
            if FURTHER in request.POST:
                request.rule_violation = look_again()  # type: ignore[attr-defined]  # read by get_form
            elif rule := self._acceptable(request):
                facts = facts_of(rule, (*self.same, *self.figures))
                return preview_page(request, facts, rule, forecast(rule=rule))
        return super().add_view(request, form_url, extra_context)

    def _acceptable(self, request: HttpRequest) -> Rule | None:
        """The typed rule, unsaved; None when the form has to be shown again."""
        form: Any = self.get_form(request)(request.POST)
        if not form.is_valid():
            return None
        rule: Rule = self.model(**self.values_from(form))
        by: Any = request.user
        try:
            check_rule(rule=rule, by=by)
        except RuleViolation:
            return None  # the form, sent on, says it at its field
        return rule


def look_again() -> RuleViolation:
    return RuleViolation("look_again", _("Nothing is saved yet. Check the values and save."))


def facts_of(rule: Rule, names: Sequence[str]) -> list[Fact]:
    """What the rule says, column by column, in words; an empty column says nothing."""
    found: list[Fact] = []
    for name in names:
        column: Any = rule._meta.get_field(name)
        value = getattr(rule, name)
        words = dict(column.flatchoices).get(value, value)
        if words not in (None, ""):
            found.append((column.verbose_name, words))
    return found


def notes_on(rule: Rule) -> list[str]:
    """What the rule leaves as it is."""
    if not isinstance(rule, CadenceRule):
        return []
    return [
        _(
            "Days of next steps that are set already stay as they are: nobody is reminded of "
            "them earlier or later."
        ),
        _("New follow-ups are offered a day by this rule, and the contact clock reckons with it."),
    ]


def preview_page(
    request: HttpRequest, facts: Sequence[Fact], rule: Rule, told: Forecast
) -> HttpResponse:
    """Numbers and people, with everything that was typed to be sent again."""
    kept = [
        (key, value)
        for key, values in request.POST.lists()
        if key not in {"csrfmiddlewaretoken", CONFIRMED, FURTHER}
        for value in values
    ]
    context = {
        "facts": facts,
        "kind": rule._meta.verbose_name,
        "valid_from": rule.valid_from,
        "told": told,
        "notes": notes_on(rule),
        "kept": kept,
        "confirmed": CONFIRMED,
        "further": FURTHER,
    }
    return office_page(
        request, "leads/rules/preview.html", _("Whom the rule would remind"), context
    )
