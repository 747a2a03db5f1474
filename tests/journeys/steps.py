"""What a person does again and again, found on the page as a person finds it: by its words."""

from __future__ import annotations

import base64
import re

from playwright.sync_api import Locator, Page, expect

from kfq_crm.base.models import User
from tests.factories import PASSWORD

# One grey dot: a real photo by content, as small as one can be.
PHOTO = {
    "name": "现场照片.png",
    "mimeType": "image/png",
    "buffer": base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
    ),
}
MINUTES = {
    "name": "会商纪要.pdf",
    "mimeType": "application/pdf",
    "buffer": b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
}
# A touch of the glass, however many events the page makes of it.
COUNT_TAPS = """addEventListener("pointerup", () => {
  sessionStorage.setItem("taps", 1 + Number(sessionStorage.getItem("taps") || 0));
}, true);"""


def sign_in(page: Page, person: User) -> None:
    page.goto("/admin/login/")
    page.get_by_label("用户名").fill(person.username)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page).not_to_have_url(re.compile("login"))


def sign_out(page: Page) -> None:
    """Forget the session, as on a machine that two people share."""
    page.context.clear_cookies()


def count_taps(page: Page) -> None:
    """From the next page on every touch is counted, across pages."""
    page.add_init_script(COUNT_TAPS)


def taps(page: Page) -> int:
    return int(page.evaluate("Number(sessionStorage.getItem('taps') || 0)"))


def fill_in(page: Page, **answers: str) -> None:
    """Fields by their labels."""
    for label, answer in answers.items():
        field(page, label).fill(answer)


def field(page: Page | Locator, label: str) -> Locator:
    """The field with this label, with or without the star of what is required."""
    return page.get_by_label(re.compile(rf"^\s*{re.escape(label)}\s*\*?\s*$"))


def type_slowly(page: Page, label: str, words: str, delay: int) -> None:
    """Key by key, as a thumb does; a page that is not painted yet takes no keys."""
    page.wait_for_load_state("load")
    field(page, label).press_sequentially(words, delay=delay)
    expect(field(page, label)).to_have_value(words)


def press(page: Page | Locator, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def follow(page: Page | Locator, name: str) -> None:
    """The first link of this name; the same one may stand in two places of a page."""
    page.get_by_role("link", name=name, exact=True).first.click()


def has_no_sideways_scroll(page: Page) -> bool:
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return bool(wide <= 0)


def stands_on(page: Page, title: str) -> None:
    """The page with this title is open; a title stands in the bar above and on the page."""
    expect(page.get_by_role("heading", name=title, exact=True).last).to_be_visible()
