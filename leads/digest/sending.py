"""A digest sent again by hand."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base.access import record_access
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import AccessKind
from leads.digest.dispatch import send_again
from leads.models import Digest, DigestState
from leads.permissions import NotAllowed

if TYPE_CHECKING:
    from kfq_crm.base.models import User


@transaction.atomic
def resend_digest(
    *, digest: Digest, by: User, now: datetime | None = None, address: str = ""
) -> Digest:
    """Send the frozen content once more, to the reader alone; also of a week that was only put
    on record. RuleViolation while the first message is not queued."""
    if not by.has_perm("leads.change_digest"):
        raise NotAllowed("not_allowed", _("Only the coordination office may do this."))
    rows = Digest.objects.visible_to(by).filter(pk=digest.pk).values("pk")
    locked = Digest.objects.select_for_update(no_key=True, of=("self",)).get(pk__in=rows)
    if locked.state == DigestState.MADE:
        raise RuleViolation("not_queued", _("It is not queued yet; the next sweep does it."))
    send_again(locked, now or timezone.now())
    record_access(
        AccessKind.ADMINISTRATION,
        by=by,
        subject="digest.resent",
        instance=locked,
        detail={"digest": locked.code},
        address=address,
    )
    return locked
