"""In what state plans, steps and what hangs on them are, with the words for people."""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy


class PlanState(models.TextChoices):
    OPEN = "open", pgettext_lazy("approval plan", "under way")
    DONE = "done", pgettext_lazy("approval plan", "all steps through")
    STOPPED = "stopped", pgettext_lazy("approval plan", "given up")


class StepState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("approval step", "waits for others")
    READY = "ready", pgettext_lazy("approval step", "can be submitted")
    SUBMITTED = "submitted", pgettext_lazy("approval step", "submitted")
    ACCEPTED = "accepted", pgettext_lazy("approval step", "accepted, being decided")
    RETURNED = "returned", pgettext_lazy("approval step", "returned for papers")
    GRANTED = "granted", pgettext_lazy("approval step", "granted")
    DEEMED = "deemed", pgettext_lazy("approval step", "granted by default")
    REFUSED = "refused", pgettext_lazy("approval step", "refused")
    WAIVED = "waived", pgettext_lazy("approval step", "not needed")


# What lets the dependents begin, and what still needs somebody's work
PASSED = (StepState.GRANTED, StepState.DEEMED, StepState.WAIVED)
CLOSED = (*PASSED, StepState.REFUSED)
OPEN = (StepState.READY, StepState.SUBMITTED, StepState.ACCEPTED, StepState.RETURNED)


class DeemedVerdict(models.TextChoices):
    CONFIRMED = "confirmed", pgettext_lazy("approval by default", "confirmed by the authority")
    OBJECTED = "objected", pgettext_lazy("approval by default", "the authority objects")
    UPHELD = "upheld", pgettext_lazy("approval by default", "stands against the objection")
    SET_ASIDE = "set_aside", pgettext_lazy("approval by default", "set aside")


class StopReason(models.TextChoices):
    """Why the clock of a step stands: what is not the department's own delay."""

    RETURNED = "returned", pgettext_lazy("stopped clock", "papers sent back to the applicant")
    MISSING = "missing", pgettext_lazy("stopped clock", "promised papers did not come")
    PROCEDURE = (
        "procedure",
        pgettext_lazy("stopped clock", "hearing, test, inspection or expert review"),
    )
    APPLICANT = "applicant", pgettext_lazy("stopped clock", "asked for by the applicant")


# What a person may stop the clock for by itself; the others come with a return or a promise
STOPPED_BY_HAND = (StopReason.PROCEDURE, StopReason.APPLICANT)


class Consequence(models.TextChoices):
    """What follows when a promised paper does not come in time. The clock stands in any case."""

    STOP = "stop", pgettext_lazy("missing paper", "the clock stands until it comes")
    RETURN = "return", pgettext_lazy("missing paper", "the application is sent back")
    REFUSE = "refuse", pgettext_lazy("missing paper", "the department may refuse it at once")


class RefusalGround(models.TextChoices):
    """On what a refusal rests. A choice that is recorded with its reason, not a column."""

    LAW = "law", pgettext_lazy("ground of a refusal", "the conditions of the law are not met")
    PAPERS = "papers", pgettext_lazy("ground of a refusal", "papers did not come")
    EARLIER = "earlier", pgettext_lazy("ground of a refusal", "an earlier approval is missing")


class EventKind(models.TextChoices):
    PLANNED = "planned", pgettext_lazy("approval event", "planned")
    OPENED = "opened", pgettext_lazy("approval event", "can begin")
    SUBMITTED = "submitted", pgettext_lazy("approval event", "submitted")
    ACCEPTED = "accepted", pgettext_lazy("approval event", "accepted")
    ACCEPTED_SILENTLY = (
        "accepted_silently",
        pgettext_lazy("approval event", "counts as accepted: nobody answered in time"),
    )
    RETURNED = "returned", pgettext_lazy("approval event", "returned for papers")
    STOPPED = "stopped", pgettext_lazy("approval event", "clock stopped")
    RESUMED = "resumed", pgettext_lazy("approval event", "clock runs again")
    HANDED_IN = "handed_in", pgettext_lazy("approval event", "papers handed in")
    LAPSED = "lapsed", pgettext_lazy("approval event", "promised paper did not come")
    GRANTED = "granted", pgettext_lazy("approval event", "granted")
    REFUSED = "refused", pgettext_lazy("approval event", "refused")
    DEEMED = "deemed", pgettext_lazy("approval event", "granted by default")
    CONFIRMED = "confirmed", pgettext_lazy("approval event", "confirmed by the authority")
    OBJECTED = "objected", pgettext_lazy("approval event", "the authority objects")
    SETTLED = "settled", pgettext_lazy("approval event", "objection settled")
    ISSUED = "issued", pgettext_lazy("approval event", "paper issued")
    WAIVED = "waived", pgettext_lazy("approval event", "not needed")
    RECKONED = "reckoned", pgettext_lazy("approval event", "limit reckoned anew")
    CLOSED_AGAIN = "closed_again", pgettext_lazy("approval event", "waits again")
