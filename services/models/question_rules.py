"""Rules of enterprise questions and of liaison that the coordination office may change."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from kfq_crm.base.rule_models import Rule


def _days(days: int) -> str:
    return ngettext("%(days)d working day", "%(days)d working days", days) % {"days": days}


class LimitOf(models.TextChoices):
    VERIFY = "verify", pgettext_lazy("limit of a question", "verified within")
    ANSWER = "answer", pgettext_lazy("limit of a question", "answered within")
    SOLVE = "solve", pgettext_lazy("limit of a question", "solved within")
    AT_MOST = "at_most", pgettext_lazy("limit of a question", "solved at most within")


class QuestionLimit(Rule):
    """Working days from the intake of a question to each step (枣庄: 1 / 2 / 10 / 25)."""

    item = models.CharField(_("what is due"), max_length=8, choices=LimitOf.choices)
    working_days = models.PositiveSmallIntegerField(_("working days"))

    class Meta:
        verbose_name = _("limit of enterprise questions")
        verbose_name_plural = _("limits of enterprise questions")
        ordering = ("item", "-valid_from")
        constraints = (
            models.UniqueConstraint(fields=("item", "valid_from"), name="question_limit_once"),
            models.CheckConstraint(
                condition=Q(working_days__gte=1), name="question_limit_positive"
            ),
            models.CheckConstraint(
                condition=Q(item__in=LimitOf.values), name="question_limit_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_item_display()} {_days(self.working_days)}"


class QuestionRule(Rule):
    """How a question ends: how long a rating is waited for, and which rating reopens it."""

    rating_days = models.PositiveSmallIntegerField(
        _("days to rate in"),
        help_text=_("Days after the feedback; then the question is closed without a rating"),
    )
    reopens_up_to = models.PositiveSmallIntegerField(
        _("reopened when rated so low"), help_text=_("A rating of 1 up to this one reopens it")
    )
    amber_from = models.PositiveSmallIntegerField(
        _("amber from so many working days left"), default=1
    )

    class Meta:
        verbose_name = _("rule on closing questions")
        verbose_name_plural = _("rules on closing questions")
        ordering = ("-valid_from",)
        constraints = (
            models.UniqueConstraint(fields=("valid_from",), name="question_rule_once"),
            models.CheckConstraint(
                condition=Q(rating_days__gte=1, reopens_up_to__gte=1, reopens_up_to__lte=4),
                name="question_rule_sane",
            ),
        )

    def __str__(self) -> str:
        return gettext("%(days)d days to rate; %(score)d or less reopens") % {
            "days": self.rating_days,
            "score": self.reopens_up_to,
        }


class LinkRule(Rule):
    """How long an enterprise's own link lives, and how often one may ask through it."""

    link_days = models.PositiveSmallIntegerField(_("days that a link is valid"))
    per_link = models.PositiveSmallIntegerField(
        _("questions a link and day"), help_text=_("More within 24 hours are refused")
    )
    per_address = models.PositiveSmallIntegerField(
        _("questions a network address and day"),
        help_text=_("Over all links; a company's people often share one address"),
    )

    class Meta:
        verbose_name = _("rule on links of enterprises")
        verbose_name_plural = _("rules on links of enterprises")
        ordering = ("-valid_from",)
        constraints = (
            models.UniqueConstraint(fields=("valid_from",), name="link_rule_once"),
            models.CheckConstraint(
                condition=Q(link_days__gte=1, per_link__gte=1, per_address__gte=1),
                name="link_rule_positive",
            ),
        )

    def __str__(self) -> str:
        return gettext("%(days)d days; %(number)d questions a day") % {
            "days": self.link_days,
            "number": self.per_link,
        }


class Tier(models.TextChoices):
    KEY = "key", pgettext_lazy("liaison", "key enterprise")
    REGULAR = "regular", pgettext_lazy("liaison", "other enterprise")


class VisitCadence(Rule):
    """Working days within which the liaison officer calls on an enterprise again."""

    tier = models.CharField(_("kind of liaison"), max_length=8, choices=Tier.choices)
    working_days = models.PositiveSmallIntegerField(_("working days"))

    class Meta:
        verbose_name = _("cadence of liaison visits")
        verbose_name_plural = _("cadences of liaison visits")
        ordering = ("tier", "-valid_from")
        constraints = (
            models.UniqueConstraint(fields=("tier", "valid_from"), name="visit_cadence_once"),
            models.CheckConstraint(condition=Q(working_days__gte=1), name="visit_cadence_positive"),
            models.CheckConstraint(condition=Q(tier__in=Tier.values), name="visit_cadence_known"),
        )

    def __str__(self) -> str:
        return f"{self.get_tier_display()} · {_days(self.working_days)}"


class VisitWarning(Rule):
    """无事不扰: from how many visits within so many days on a visit is one too many."""

    visits = models.PositiveSmallIntegerField(_("visits at most"))
    days = models.PositiveSmallIntegerField(_("within days"))

    class Meta:
        verbose_name = _("rule on too many visits")
        verbose_name_plural = _("rules on too many visits")
        ordering = ("-valid_from",)
        constraints = (
            models.UniqueConstraint(fields=("valid_from",), name="visit_warning_once"),
            models.CheckConstraint(
                condition=Q(visits__gte=1, days__gte=1), name="visit_warning_positive"
            ),
        )

    def __str__(self) -> str:
        return gettext("%(visits)d visits within %(days)d days") % {
            "visits": self.visits,
            "days": self.days,
        }
