"""Keys of programs: tokens of the API, and the writes that a program may safely repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kfq_crm.base.rule_models import Rule
from kfq_crm.base.scoping import PermittedQuerySet, ScopedQuerySet

if TYPE_CHECKING:
    from datetime import datetime

    from kfq_crm.base.models import User

KEEP_TOKENS = "base.keep_api_tokens"


class TokenScope(models.TextChoices):
    """What a token opens; what its owner may not see or do stays closed whatever the scope."""

    OVERVIEW_READ = "overview:read", _("read the overview")
    CHAINS_READ = "chains:read", _("read chains, segments, teams and targets")
    LEADS_READ = "leads:read", _("read leads, follow-ups and contracts")
    LEADS_WRITE = "leads:write", _("write leads, follow-ups and contracts")
    CONTACTS_READ = "contacts:read", _("read contacts and other personal data")
    CHANGES_READ = "changes:read", _("read the change feed")


class Audience(models.TextChoices):
    OWNER = "owner", _("what its owner may see")
    MAYORS_OFFICE = "mayors_office", _("the mayor's office: all totals, no confidential names")


# The mayor's office reads totals and lists: nobody's personal data, and it writes nothing
SCOPES_OF_AUDIENCE = {
    Audience.OWNER: tuple(TokenScope),
    Audience.MAYORS_OFFICE: (
        TokenScope.OVERVIEW_READ,
        TokenScope.CHAINS_READ,
        TokenScope.LEADS_READ,
        TokenScope.CHANGES_READ,
    ),
}


class ApiRule(Rule):
    """A rule: how fast a new token may ask, and how long it lives at most."""

    requests_per_minute = models.PositiveIntegerField(_("requests a minute"))
    longest_days = models.PositiveIntegerField(_("longest validity of a token (days)"))

    class Meta:
        verbose_name = _("rule for tokens")
        verbose_name_plural = _("rules for tokens")
        ordering = ("-valid_from",)
        constraints = (
            models.UniqueConstraint(fields=("valid_from",), name="api_rule_once"),
            models.CheckConstraint(
                condition=Q(requests_per_minute__gte=1, longest_days__gte=1),
                name="api_rule_leaves_something",
            ),
        )

    def __str__(self) -> str:
        return f"{self.requests_per_minute} / {self.longest_days}"


class TokenQuerySet(ScopedQuerySet["ApiToken"]):
    def visible_to(self, user: User) -> Self:
        """One's own; all of them for those who keep the tokens."""
        if user.has_perm(KEEP_TOKENS):
            return self
        return self.filter(owner=user) if user.is_active else self.none()

    def alive(self, now: datetime | None = None) -> Self:
        valid = Q(revoked_at=None, expires_at__gt=now or timezone.now())
        return self.filter(valid, owner__is_active=True)


class ApiToken(models.Model):
    """A key that a program signs in with. Only its digest is kept: it is shown once, when made.

    `key` is the public part, by which the row is found; the secret part is compared by digest.
    """

    name = models.CharField(pgettext_lazy("token", "purpose"), max_length=100)
    key = models.CharField(_("public part of the token"), max_length=16, unique=True)
    digest = models.CharField(max_length=64, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=pgettext_lazy("token", "owner"),
        on_delete=models.PROTECT,
        related_name="api_tokens",
    )
    audience = models.CharField(
        _("reads as"), max_length=16, choices=Audience.choices, default=Audience.OWNER
    )
    scopes = models.JSONField(_("what it opens"), default=list)
    networks = models.JSONField(_("allowed addresses"), default=list, blank=True)
    requests_per_minute = models.PositiveIntegerField(_("requests a minute"))
    expires_at = models.DateTimeField(_("valid until (token)"))
    made_at = models.DateTimeField(pgettext_lazy("token", "made at"))
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=pgettext_lazy("token", "made by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    last_used_at = models.DateTimeField(_("last used at"), null=True)
    last_used_from = models.CharField(_("last used from"), max_length=45, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("revoked by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )

    objects = TokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("access token")
        verbose_name_plural = _("access tokens")
        ordering = ("-made_at", "-pk")
        permissions = (("keep_api_tokens", _("May keep the access tokens of all")),)
        constraints = (
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("made_at")), name="api_token_lives"
            ),
            models.CheckConstraint(
                condition=Q(requests_per_minute__gte=1), name="api_token_may_ask"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="api_token_revoked_by_somebody",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def allows(self, scope: str) -> bool:
        return scope in self.scopes

    @property
    def may_read_personal_data(self) -> bool:
        """Names and numbers of people outside the staff."""
        return self.allows(TokenScope.CONTACTS_READ)


class RepeatableWrite(models.Model):
    """The answer to a creation, kept so that the same request sent again gets it again."""

    token = models.ForeignKey(
        ApiToken, verbose_name=_("access token"), on_delete=models.CASCADE, related_name="+"
    )
    key = models.CharField(_("key of the request"), max_length=255)
    digest = models.CharField(_("digest of the request"), max_length=64)
    status = models.PositiveSmallIntegerField(_("status of the answer"))
    answer = models.JSONField(_("answer"))
    headers = models.JSONField(_("headers of the answer"), default=dict)
    expires_at = models.DateTimeField(_("kept until"), db_index=True)

    objects = PermittedQuerySet.as_manager()

    class Meta:
        verbose_name = _("repeatable write")
        verbose_name_plural = _("repeatable writes")
        constraints = (
            models.UniqueConstraint(fields=("token", "key"), name="repeatable_write_once"),
        )

    def __str__(self) -> str:
        return self.key
