"""Papers of a step: handed in with their files, or promised in writing for later (容缺)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

from django.core.files.base import File
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from kfq_crm.base import access
from kfq_crm.base.columns import check_columns
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import AccessKind
from leads.actions.files import checked_content_type, clean_name, digest_of
from services.models import ApprovalStep, Consequence, MissingItem, StepFile, StepPaper

if TYPE_CHECKING:
    from kfq_crm.base.models import User

Upload: TypeAlias = "File[bytes]"


@dataclass(frozen=True)
class Promise:
    """A paper that is accepted as missing: by when it comes, in what writing, what follows."""

    paper: StepPaper
    upload: Upload
    due_on: date
    consequence: str = Consequence.STOP
    note: str = ""


def keep_file(step: ApprovalStep, upload: Upload, by: User) -> StepFile:
    """Keep a file with the step, by the checks that every file of the house goes through.

    The last thing of a verb that may be refused: what is refused after it stays on the disk.
    """
    name = clean_name(upload.name or "")
    kept = StepFile(
        step=step,
        name=name,
        content_type=checked_content_type(upload, name),
        size=upload.size,
        sha256=digest_of(upload),
        uploaded_by=by,
    )
    kept.file.save(name, upload, save=False)
    try:
        kept.save()
    except BaseException:
        kept.file.delete(save=False)
        raise
    return kept


def keep_files(
    step: ApprovalStep, uploads: Iterable[Upload | None], by: User
) -> list[StepFile | None]:
    """Keep several files in their order, all of them or none, on the disk as well."""
    kept: list[StepFile | None] = []
    try:
        for upload in uploads:
            kept.append(keep_file(step, upload, by) if upload is not None else None)
    except BaseException:
        for file in kept:
            if file is not None:
                file.file.delete(save=False)
        raise
    return kept


def record_download(*, file: StepFile, by: User, address: str = "") -> None:
    """Put the opening of a file into the access log, before the first byte leaves."""
    access.record_access(
        AccessKind.DOWNLOAD,
        by=by,
        subject="stepfile",
        instance=file,
        detail={"step": file.step_id, "name": file.name},
        address=address,
    )


def hand_in_papers(
    step: ApprovalStep, papers: Mapping[StepPaper, Upload | None], day: date, by: User
) -> list[str]:
    """Mark the papers as handed in, with their files where there are any; their names.

    A promise of such a paper is kept by it.
    """
    if any(paper.step_id != step.pk for paper in papers):
        raise ValueError("a paper is handed in for its own step")
    for paper, file in zip(papers, keep_files(step, papers.values(), by), strict=True):
        paper.file = file or paper.file
        paper.handed_in_on, paper.handed_in_by = day, by
        paper.save(update_fields=["file", "handed_in_on", "handed_in_by"])
    MissingItem.objects.open().filter(paper__in=papers).update(handed_in_on=day)
    return [paper.name for paper in papers]


def ask_again(step: ApprovalStep, papers: Collection[StepPaper]) -> list[str]:
    """The authority wants these papers anew; their names. Their files stay on record."""
    for paper in papers:
        if paper.step_id != step.pk:
            raise ValueError("a paper is asked for by its own step")
    pks = [paper.pk for paper in papers]
    StepPaper.objects.filter(pk__in=pks).update(handed_in_on=None, handed_in_by=None, file=None)
    return [paper.name for paper in papers]


def owed_papers(step: ApprovalStep) -> list[StepPaper]:
    """Papers that the applicant owes now: not handed in, and no promise for later runs."""
    running = MissingItem.objects.open().filter(paper=OuterRef("pk"), lapsed_on=None)
    missing = StepPaper.objects.filter(step=step, handed_in_on=None)
    return list(missing.exclude(Exists(running)).order_by("order", "pk"))


def lapsed_items(step: ApprovalStep) -> list[MissingItem]:
    """Promises that were not kept and still are not."""
    rows = MissingItem.objects.open().filter(step=step).exclude(lapsed_on=None)
    return list(rows.select_related("paper"))


def drop_promises(step: ApprovalStep, day: date) -> None:
    """The application is refused: what was promised with it is owed no more. A new one may
    promise the same papers anew."""
    MissingItem.objects.open().filter(step=step).update(dropped_on=day)


def require_main_papers(step: ApprovalStep, coming: Iterable[StepPaper] = ()) -> None:
    """The main papers must be there, or come now; everything else may be promised for later."""
    rows = step.papers.filter(is_main=True, handed_in_on=None)
    missing = list(rows.exclude(pk__in=[p.pk for p in coming]).values_list("name", flat=True))
    if missing:
        message = _("These main papers are missing: %(papers)s.")
        raise RuleViolation("main_papers", message % {"papers": _(", ").join(missing)}, "papers")


def promise_papers(
    step: ApprovalStep, promises: Sequence[Promise], day: date, by: User
) -> list[str]:
    """Accept the promises: with them nothing may be owed. Raises RuleViolation at `papers` for
    a main paper, a paper without a promise, a day that has passed, and at `file` for the file."""
    _check_promises(step, promises, day)
    items = [
        MissingItem(
            step=step,
            paper=promise.paper,
            due_on=promise.due_on,
            consequence=promise.consequence,
            note=promise.note.strip(),
            promised_on=day,
            accepted_by=by,
        )
        for promise in promises
    ]
    for item in items:
        check_columns(item, {"due_on", "consequence", "note"})
    files = keep_files(step, [promise.upload for promise in promises], by)
    for item, file in zip(items, files, strict=True):
        item.promise = file  # type: ignore[assignment]  # every promise has its writing
        item.save(force_insert=True)
    return [promise.paper.name for promise in promises]


def _check_promises(step: ApprovalStep, promises: Sequence[Promise], day: date) -> None:
    for promise in promises:
        if promise.paper.step_id != step.pk:
            raise ValueError("a paper is promised for its own step")
        name = {"paper": promise.paper.name}
        if promise.paper.is_main:
            message = _("“%(paper)s” is a main paper: it cannot be promised for later.")
            raise RuleViolation("main_paper_promised", message % name, "papers")
        if promise.due_on < day:
            message = _("“%(paper)s” is promised for a day that has passed.")
            raise RuleViolation("promise_in_the_past", message % name, "papers")
        if MissingItem.objects.open().filter(paper=promise.paper).exists():
            message = _("“%(paper)s” was promised before and has not come.")
            raise RuleViolation("promised_before", message % name, "papers")
    promised = {promise.paper.pk for promise in promises}
    left = [paper.name for paper in owed_papers(step) if paper.pk not in promised]
    if left:
        message = _("Neither handed in nor promised for later: %(papers)s.")
        raise RuleViolation("papers_owed", message % {"papers": _(", ").join(left)}, "papers")
