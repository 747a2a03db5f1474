"""Files of a question: judged by their content, as those of leads are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext as _

from kfq_crm.base import access, concurrency
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import AccessKind
from leads.actions.files import checked_content_type, clean_name, digest_of
from services.actions.question_story import lock_question
from services.models import QuestionFile
from services.question_rights import require, rights_over

if TYPE_CHECKING:
    from kfq_crm.base.models import User
    from services.models import Question

MOST_FILES = 10


@transaction.atomic
def attach_to_question(
    *, question: Question, uploads: Iterable[File[bytes]], by: User
) -> list[QuestionFile]:
    """Keep files with a question that the person sees and has in hand or took in."""
    locked = lock_question(question, by, None)
    rights = rights_over(by, locked)
    require(rights.work or rights.verify or locked.taken_in_by_id == by.pk)
    concurrency.touch(locked, by=by)
    return keep_files(locked, uploads, by)


def keep_files(
    question: Question, uploads: Iterable[File[bytes]], by: User | None
) -> list[QuestionFile]:
    """All of them or none, on the disk as well. Runs in the caller's transaction, as the last
    thing in it: what is refused after it stays on the disk. RuleViolation at `file` for a file
    that is not what it says, or for too many."""
    kept: list[QuestionFile] = []
    wanted = list(uploads)
    if len(wanted) + question.files.count() > MOST_FILES:
        raise RuleViolation(
            "too_many_files",
            _("A question takes %(number)d files at most.") % {"number": MOST_FILES},
            "file",
        )
    try:
        for upload in wanted:
            kept.append(_keep(question, upload, by))
    except BaseException:
        for row in kept:
            row.file.delete(save=False)
        raise
    return kept


def _keep(question: Question, upload: File[bytes], by: User | None) -> QuestionFile:
    name = clean_name(upload.name or "")
    row = QuestionFile(
        question=question,
        name=name,
        content_type=checked_content_type(upload, name),
        size=upload.size,
        sha256=digest_of(upload),
        uploaded_by=by,
    )
    row.file.save(name, upload, save=False)
    try:
        row.save()
    except BaseException:
        row.file.delete(save=False)
        raise
    return row


def record_download(*, file: QuestionFile, by: User, address: str = "") -> None:
    """Put the opening of a file into the access log, before the first byte leaves."""
    access.record_access(
        AccessKind.DOWNLOAD,
        by=by,
        subject="question.file",
        instance=file,
        detail={"question": file.question_id, "name": file.name},
        address=address,
    )
