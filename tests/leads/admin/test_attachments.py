"""Handing out files: to whoever sees the lead, noted before the first byte, safe headers."""

from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import FileResponse, HttpResponse
from django.test import Client
from django.urls import reverse

from kfq_crm.base.models import AccessEntry, AccessKind, User
from leads.actions.files import attach_file
from leads.admin import attachments as view
from leads.models import Attachment
from tests.cast import Cast
from tests.factories import log_a_lead
from tests.leads.admin.browsing import PNG

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


@pytest.fixture(autouse=True)
def _own_store(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def a_file(by: User, name: str = "会谈照片.png", content: bytes = PNG, **lead: Any) -> Attachment:
    upload = SimpleUploadedFile(name, content)
    return attach_file(lead=log_a_lead(by=by, **lead), upload=upload, by=by)


def url(attachment: Attachment) -> str:
    return reverse("admin:leads_attachment_download", args=[attachment.pk])


def get(client: Client, person: User, attachment: Attachment, query: str = "") -> Any:
    client.force_login(person)
    return client.get(url(attachment) + query)


def body(answer: HttpResponse) -> bytes:
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]  # a FileResponse's


def test_file_is_there_for_exactly_those_who_see_the_lead(client: Client, cast: Cast) -> None:
    attachment = a_file(cast.member_a)
    seen = set()
    for name, person in cast.people():
        answer = get(client, person, attachment)
        if answer.status_code == 200:
            assert body(answer) == PNG
            seen.add(name)
        else:
            assert answer.status_code == (302 if name == "disabled" else 404)
    assert seen == {"member_a", "second_member_a", "head_a", "chain_leader_a", "coordinator"}


def test_file_of_a_confidential_lead_is_for_its_readers(client: Client, cast: Cast) -> None:
    attachment = a_file(cast.member_a, confidential=True, code_name="蓝鲸")
    assert get(client, cast.coordinator, attachment).status_code == 404
    assert get(client, cast.second_member_a, attachment).status_code == 404
    answer = get(client, cast.head_a, attachment)
    assert answer.status_code == 200
    assert body(answer)


def test_nobody_gets_a_file_without_signing_in(client: Client, cast: Cast) -> None:
    answer = client.get(url(a_file(cast.member_a)))
    assert answer.status_code == 302
    assert reverse("admin:login") in answer["Location"]


def test_store_has_no_address_of_its_own(client: Client, cast: Cast) -> None:
    attachment = a_file(cast.member_a)
    client.force_login(cast.member_a)
    for address in (f"/media/{attachment.file.name}", f"/{attachment.file.name}"):
        assert client.get(address).status_code == 404


def test_opening_is_on_record_before_the_file_leaves(
    client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    attachment = a_file(cast.member_a)
    noted: list[int] = []

    def answer(*args: Any, **kwargs: Any) -> FileResponse:
        noted.append(AccessEntry.objects.filter(kind=AccessKind.DOWNLOAD).count())
        return FileResponse(*args, **kwargs)

    monkeypatch.setattr(view, "FileResponse", answer)
    body(get(client, cast.head_a, attachment))
    assert noted == [1]
    entry = AccessEntry.objects.get(kind=AccessKind.DOWNLOAD)
    assert (entry.actor, entry.object_id) == (cast.head_a, attachment.pk)
    assert entry.detail["lead"] == attachment.lead_id


def test_nothing_leaves_when_it_cannot_be_noted(
    client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**kwargs: Any) -> None:
        raise RuntimeError("the log is down")

    monkeypatch.setattr(view, "record_download", fail)
    client.raise_request_exception = False
    assert get(client, cast.member_a, a_file(cast.member_a)).status_code == 500


def test_hidden_file_leaves_no_trace_in_the_log(client: Client, cast: Cast) -> None:
    get(client, cast.member_b, a_file(cast.member_a))
    assert not AccessEntry.objects.filter(kind=AccessKind.DOWNLOAD).exists()


def test_headers_keep_the_browser_from_guessing(client: Client, cast: Cast) -> None:
    answer = get(client, cast.member_a, a_file(cast.member_a, '方案；终稿"1".pdf', PDF))
    assert answer["Content-Type"] == "application/pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]
    assert "sandbox" in answer["Content-Security-Policy"]
    disposition = answer["Content-Disposition"]
    assert disposition.startswith("attachment;")
    assert f"filename*=utf-8''{quote('方案；终稿')}" in disposition
    assert body(answer)


@pytest.mark.parametrize(
    ("name", "content", "query", "way"),
    [
        ("照片.png", PNG, "?inline", "inline"),
        ("照片.png", PNG, "", "attachment"),
        ("方案.pdf", PDF, "?inline", "attachment"),
    ],
)
def test_pictures_alone_are_shown_in_the_browser(
    client: Client, cast: Cast, name: str, content: bytes, query: str, way: str
) -> None:
    answer = get(client, cast.member_a, a_file(cast.member_a, name, content), query)
    assert answer["Content-Disposition"].partition(";")[0] == way
    assert body(answer)


def test_file_that_is_gone_from_the_disk_has_a_friendly_page(client: Client, cast: Cast) -> None:
    attachment = a_file(cast.member_a)
    attachment.file.storage.delete(attachment.file.name)
    answer = get(client, cast.member_a, attachment)
    assert answer.status_code == 404
    text = answer.content.decode()
    assert "会谈照片.png" in text
    assert reverse("admin:leads_lead_attach", args=[attachment.lead_id]) in text
    assert not AccessEntry.objects.filter(kind=AccessKind.DOWNLOAD).exists()


def test_file_is_only_ever_read(client: Client, cast: Cast) -> None:
    attachment = a_file(cast.member_a)
    client.force_login(cast.member_a)
    assert client.post(url(attachment)).status_code == 405
