"""What is sent is refused unread where it is more than any page takes, and says so."""

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from leads.actions.files import LARGEST
from services.actions.question_files import MOST_FILES

MANY_GIGABYTES = 5 * 1024**3


@pytest.fixture
def address() -> str:
    return reverse("admin:ask", args=["garbage"])


@pytest.mark.parametrize("method", ["post", "put", "get"])
def test_a_request_of_gigabytes_is_refused_before_it_is_read(
    client: Client, address: str, method: str
) -> None:
    answer = client.generic(
        method.upper(),
        address,
        CONTENT_TYPE="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(MANY_GIGABYTES),
    )
    assert answer.status_code == 413
    assert "20 MB" in answer.content.decode()
    assert answer.wsgi_request._read_started is False


@pytest.mark.parametrize("length", ["", "x", "-1", str(settings.UPLOAD_LARGEST)])
def test_what_may_come_goes_on_to_its_page(client: Client, address: str, length: str) -> None:
    assert client.generic("GET", address, CONTENT_LENGTH=length).status_code == 410


def test_programs_are_answered_as_programs(client: Client) -> None:
    """The interface reads a megabyte at most and refuses with its own document."""
    answer = client.generic("POST", "/api/v1/leads/", CONTENT_LENGTH=str(MANY_GIGABYTES))
    assert answer["Content-Type"] == "application/problem+json"


def test_more_files_than_any_form_takes_are_refused_in_plain_words(client: Client) -> None:
    number = settings.DATA_UPLOAD_MAX_NUMBER_FILES + 1
    files = [SimpleUploadedFile(f"{n}.pdf", b"%PDF-1.7") for n in range(number)]
    answer = client.post(reverse("admin:login"), {"file": files})
    assert answer.status_code == 413
    assert "20 MB" in answer.content.decode()


def test_ten_files_of_twenty_megabytes_are_let_in() -> None:
    assert MOST_FILES * LARGEST < settings.UPLOAD_LARGEST
    assert MOST_FILES < settings.DATA_UPLOAD_MAX_NUMBER_FILES


def test_what_is_held_in_memory_of_one_request_is_little() -> None:
    most = settings.DATA_UPLOAD_MAX_NUMBER_FILES * settings.FILE_UPLOAD_MAX_MEMORY_SIZE
    assert most <= 16 * 1024 * 1024
