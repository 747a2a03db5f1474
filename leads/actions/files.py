"""Attaching files: the content decides what a file is, not its name."""

from __future__ import annotations

import hashlib
import re
import unicodedata
import zipfile
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image

from kfq_crm.base import access, concurrency
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import AccessKind
from leads.models import (
    Attachment,
    Contract,
    FollowUp,
    JointReview,
    Lead,
    ProgressReport,
)
from leads.permissions import require_work

if TYPE_CHECKING:
    from kfq_crm.base.models import User

LARGEST = 20 * 1024 * 1024
OPENXML = "application/vnd.openxmlformats-officedocument"
KINDS = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "pdf": "application/pdf",
    "docx": f"{OPENXML}.wordprocessingml.document",
    "xlsx": f"{OPENXML}.spreadsheetml.sheet",
    "pptx": f"{OPENXML}.presentationml.presentation",
}
PICTURES = {"jpg": "JPEG", "jpeg": "JPEG", "png": "PNG", "webp": "WEBP"}
OPENXML_PARTS = {"docx": "word/", "xlsx": "xl/", "pptx": "ppt/"}


@transaction.atomic
def attach_file(
    *,
    lead: Lead,
    upload: File[bytes],
    by: User,
    follow_up: FollowUp | None = None,
    contract: Contract | None = None,
    review: JointReview | None = None,
    progress_report: ProgressReport | None = None,
) -> Attachment:
    """Keep a file with a lead. Raises RuleViolation for a file that is not what it says.

    A follow-up, contract, review or progress report that it belongs to must be the same lead's:
    files are seen with the lead.
    """
    locked = concurrency.lock(Lead.objects.visible_to(by), lead.pk)
    require_work(by, locked)
    for record in (follow_up, contract, review):
        if record and record.lead_id != locked.pk:
            raise ValueError("a file belongs to a record of its own lead")
    of_project = progress_report.project.contract if progress_report else None
    if progress_report and (of_project is None or of_project.lead_id != locked.pk):
        raise ValueError("a file belongs to a record of its own lead")
    name = clean_name(upload.name or "")
    content_type = checked_content_type(upload, name)
    attachment = Attachment(
        lead=locked,
        follow_up=follow_up,
        contract=contract,
        review=review,
        progress_report=progress_report,
        name=name,
        content_type=content_type,
        size=upload.size,
        sha256=digest_of(upload),
        uploaded_by=by,
    )
    attachment.file.save(name, upload, save=False)
    try:
        attachment.save()
        concurrency.touch(locked, by=by)
    except BaseException:
        attachment.file.delete(save=False)
        raise
    return attachment


@transaction.atomic
def attach_files(
    *, lead: Lead, uploads: Iterable[File[bytes]], by: User, **belongs: Any
) -> list[Attachment]:
    """Keep several files with a lead, all of them or none, on the disk as well.

    `belongs`: `follow_up`, `contract`, `review` or `progress_report`, as for `attach_file`.
    """
    kept: list[Attachment] = []
    try:
        for upload in uploads:
            kept.append(attach_file(lead=lead, upload=upload, by=by, **belongs))
    except BaseException:
        for attachment in kept:
            attachment.file.delete(save=False)
        raise
    return kept


def record_download(*, attachment: Attachment, by: User, address: str = "") -> None:
    """Put the opening of a file into the access log, before the first byte leaves."""
    access.record_access(
        AccessKind.DOWNLOAD,
        by=by,
        subject="attachment",
        instance=attachment,
        detail={"lead": attachment.lead_id, "name": attachment.name},
        address=address,
    )


def clean_name(name: str) -> str:
    """A name safe in a header and on a disk: no path, no control characters, 200 at most."""
    base = re.split(r"[\\/]", name)[-1]
    visible = "".join(c for c in base if unicodedata.category(c)[0] != "C").strip(" .")
    stem, dot, ending = visible.rpartition(".")
    if not dot or not stem:
        raise RuleViolation("file_name", _("The file has no name with an ending."), "file")
    return f"{stem[:190]}.{ending[:9]}"


def checked_content_type(upload: File[bytes], name: str) -> str:
    """The content type, if the content is of a permitted kind and fits the ending."""
    if (upload.size or 0) > LARGEST:
        raise RuleViolation("file_size", _("The file is larger than 20 MB."), "file")
    if not upload.size:
        raise RuleViolation("file_empty", _("The file is empty."), "file")
    ending = name.rpartition(".")[2].lower()
    if ending not in KINDS:
        raise RuleViolation(
            "file_kind",
            _("Only photos (JPG, PNG, WebP), PDF, Word, Excel and PowerPoint files are taken."),
            "file",
        )
    if not _content_fits(upload, ending):
        raise RuleViolation(
            "file_content", _("The content of this file is not what its name says."), "file"
        )
    return KINDS[ending]


def _content_fits(upload: File[bytes], ending: str) -> bool:
    upload.seek(0)
    try:
        if ending in PICTURES:
            return _is_picture(upload, PICTURES[ending])
        if ending in OPENXML_PARTS:
            return _is_document(upload, OPENXML_PARTS[ending])
        return bool(upload.read(5) == b"%PDF-")
    finally:
        upload.seek(0)


def _is_picture(upload: File[bytes], kind: str) -> bool:
    """Whether the header reads as this kind; the picture itself is not unpacked."""
    try:
        with Image.open(upload, formats=[kind]) as picture:
            return picture.format == kind
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False


def _is_document(upload: File[bytes], part: str) -> bool:
    """Whether the archive holds an Office document of this kind, and no macros."""
    try:
        with zipfile.ZipFile(upload) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
    is_office = "[Content_Types].xml" in names and any(name.startswith(part) for name in names)
    return is_office and not any(name.endswith("vbaProject.bin") for name in names)


def digest_of(upload: File[bytes]) -> str:
    """SHA-256 of the content; the file stands at its beginning afterwards."""
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    return digest.hexdigest()
