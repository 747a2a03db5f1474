"""A file is what its content says; its name is harmless; it is seen with its lead."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from PIL import Image
from pytest_django.fixtures import Settings

from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import AccessEntry, AccessKind
from leads.actions import files
from leads.actions.files import attach_file, attach_files, clean_name, record_download
from leads.models import Attachment, Lead
from leads.permissions import NotAllowed
from tests.cast import Cast
from tests.factories import follow_up, log_a_lead


@pytest.fixture(autouse=True)
def media(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def lead(cast: Cast) -> Lead:
    return log_a_lead(by=cast.member_a)


def picture(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(buffer, kind)
    return buffer.getvalue()


def archive(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name in names:
            packed.writestr(name, "x" * 50)
    return buffer.getvalue()


JPEG, PNG, WEBP, GIF = (picture(kind) for kind in ("JPEG", "PNG", "WEBP", "GIF"))
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"
WORD = archive("[Content_Types].xml", "word/document.xml")
EXCEL = archive("[Content_Types].xml", "xl/workbook.xml")
SLIDES = archive("[Content_Types].xml", "ppt/presentation.xml")
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\x00" * 30
HTML = b"<html><script>alert(1)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'
PROGRAM = b"MZ\x90\x00" + b"\x00" * 200

GOOD = [
    ("照片.jpg", JPEG, "image/jpeg"),
    ("照片.JPEG", JPEG, "image/jpeg"),
    ("照片.png", PNG, "image/png"),
    ("照片.webp", WEBP, "image/webp"),
    ("纪要.pdf", PDF, "application/pdf"),
    ("纪要.docx", WORD, files.KINDS["docx"]),
    ("台账.xlsx", EXCEL, files.KINDS["xlsx"]),
    ("汇报.pptx", SLIDES, files.KINDS["pptx"]),
]
NOT_WHAT_THEY_SAY = [
    ("照片.jpg", PNG),
    ("照片.png", JPEG),
    ("照片.jpg", GIF),
    ("照片.webp", WAV),
    ("照片.png", SVG),
    ("照片.jpg", HTML),
    ("照片.jpg", PROGRAM),
    ("照片.jpg", b"\xff\xd8\xff" + HTML),
    ("照片.png", PNG[:8] + HTML),
    ("照片.png", PNG[:20]),
    ("纪要.pdf", HTML),
    ("纪要.pdf", WORD),
    ("纪要.pdf", b"\n" + HTML + PDF),
    ("纪要.docx", EXCEL),
    ("纪要.docx", archive("word/document.xml")),
    ("纪要.docx", archive("readme.txt")),
    ("纪要.docx", archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin")),
    ("台账.xlsx", archive("[Content_Types].xml", "notes/xl/.txt")),
    ("台账.xlsx", b"PK\x03\x04" + b"xl/" * 50),
    ("台账.xlsx", WORD[:60]),
    ("汇报.pptx", PDF),
]


def attach(lead: Lead, name: str, content: bytes, by: Any, **belongs: Any) -> Attachment:
    return attach_file(lead=lead, upload=ContentFile(content, name=name), by=by, **belongs)


def refusal_of(call: Callable[[], Any]) -> tuple[str, str | None]:
    with pytest.raises(RuleViolation) as refusal:
        call()
    return refusal.value.code, refusal.value.field


@pytest.mark.parametrize(("name", "content", "kind"), GOOD, ids=[name for name, *_ in GOOD])
def test_file_that_is_what_it_says_is_kept(
    cast: Cast, lead: Lead, media: Path, name: str, content: bytes, kind: str
) -> None:
    kept = attach(lead, name, content, cast.second_member_a)
    assert (kept.name, kept.content_type, kept.size) == (name, kind, len(content))
    assert kept.uploaded_by == cast.second_member_a
    with kept.file.open("rb") as stored:
        assert stored.read() == content
    assert Path(kept.file.name).suffix == ""
    assert name.split(".")[0] not in kept.file.name
    lead.refresh_from_db()
    assert lead.version == 2


@pytest.mark.parametrize(
    ("name", "content"), NOT_WHAT_THEY_SAY, ids=[str(n) for n in range(len(NOT_WHAT_THEY_SAY))]
)
def test_file_that_is_not_what_it_says_is_refused(
    cast: Cast, lead: Lead, media: Path, name: str, content: bytes
) -> None:
    refused = refusal_of(lambda: attach(lead, name, content, cast.member_a))
    assert refused == ("file_content", "file")
    assert not Attachment.objects.exists()
    assert [path for path in media.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", ["脚本.html", "图.svg", "程序.exe", "宏.docm", "包.zip", "旧.doc"])
def test_other_kinds_are_refused(cast: Cast, lead: Lead, name: str) -> None:
    assert refusal_of(lambda: attach(lead, name, WORD, cast.member_a)) == ("file_kind", "file")


def test_size_is_limited_to_twenty_megabytes(
    cast: Cast, lead: Lead, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert files.LARGEST == 20 * 1024 * 1024
    monkeypatch.setattr(files, "LARGEST", len(PDF))
    assert attach(lead, "纪要.pdf", PDF, cast.member_a).size == len(PDF)
    too_large = refusal_of(lambda: attach(lead, "纪要.pdf", PDF + b"x", cast.member_a))
    assert too_large == ("file_size", "file")


def test_empty_file_is_refused(cast: Cast, lead: Lead) -> None:
    assert refusal_of(lambda: attach(lead, "纪要.pdf", b"", cast.member_a)) == (
        "file_empty",
        "file",
    )


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("纪要.pdf", "纪要.pdf"),
        ("第一行\r\nSet-Cookie: a=b.pdf", "第一行Set-Cookie: a=b.pdf"),
        ("换\n行.pdf", "换行.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\用户\\纪要.pdf", "纪要.pdf"),
        ("反\u202egpj.pdf", "反gpj.pdf"),
        ("零\u200b宽.pdf", "零宽.pdf"),
        (" .纪要.pdf. ", "纪要.pdf"),
        ("长" * 300 + ".pdf", "长" * 190 + ".pdf"),
        ("空\x00字节.pdf", "空字节.pdf"),
    ],
)
def test_name_is_made_harmless(typed: str, kept: str) -> None:
    assert clean_name(typed) == kept


@pytest.mark.parametrize("typed", ["", "没有后缀", ".pdf", "\n", "目录/", "..."])
def test_file_without_a_name_is_refused(typed: str) -> None:
    assert refusal_of(lambda: clean_name(typed)) == ("file_name", "file")


def test_file_belongs_to_a_record_of_its_own_lead(cast: Cast, lead: Lead) -> None:
    """Otherwise it would be shown on a lead that its readers do not see."""
    own = follow_up(lead, by=cast.member_a)
    assert attach(lead, "照片.jpg", JPEG, cast.member_a, follow_up=own).follow_up == own
    other = follow_up(log_a_lead(by=cast.member_a), by=cast.member_a)
    with pytest.raises(ValueError, match="own lead"):
        attach(lead, "照片.jpg", JPEG, cast.member_a, follow_up=other)


def test_files_are_for_the_leads_team(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, secondary_chains=[cast.chain_b])
    for who in (cast.member_b, cast.chain_leader_a):
        with pytest.raises(NotAllowed):
            attach(lead, "照片.jpg", JPEG, who)
    with pytest.raises(Lead.DoesNotExist):
        attach(lead, "照片.jpg", JPEG, cast.outsider)


def test_several_files_are_kept_together_or_not_at_all(cast: Cast, lead: Lead, media: Path) -> None:
    uploads = [ContentFile(JPEG, name="照片.jpg"), ContentFile(HTML, name="假.pdf")]
    with pytest.raises(RuleViolation):
        attach_files(lead=lead, uploads=uploads, by=cast.member_a)
    assert not Attachment.objects.exists()
    assert [path for path in media.rglob("*") if path.is_file()] == []


def test_opening_a_file_is_on_record(cast: Cast, lead: Lead) -> None:
    kept = attach(lead, "照片.jpg", JPEG, cast.member_a)
    record_download(attachment=kept, by=cast.head_a, address="10.0.0.1")
    entry = AccessEntry.objects.get()
    assert (entry.kind, entry.actor, entry.object_id) == (
        AccessKind.DOWNLOAD,
        cast.head_a,
        kept.pk,
    )


def test_attachment_is_seen_with_its_lead(cast: Cast, lead: Lead) -> None:
    kept = attach(lead, "照片.jpg", JPEG, cast.member_a)
    seen = {name for name, person in cast.people() if kept in Attachment.objects.visible_to(person)}
    assert seen == {"member_a", "second_member_a", "head_a", "chain_leader_a", "coordinator"}
