"""The first thing anybody sees."""

import re

import pytest
from playwright.sync_api import Page, expect

from kfq_crm.base.models import User

PASSWORD = "江阴 quay no. 7"


@pytest.fixture
def person(transactional_db: None) -> User:
    return User.objects.create_user(
        "gu.hang", password=PASSWORD, display_name="顾航", is_staff=True, is_superuser=True
    )


def test_person_signs_in_and_out(page: Page, person: User) -> None:
    page.goto("/")
    page.get_by_label("用户名").fill("gu.hang")
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page).not_to_have_url(re.compile("login"))
    page.goto("/admin/password_change/")
    expect(page.locator("input[name=new_password1]")).to_be_visible()


def test_wrong_password_is_explained(phone: Page, person: User) -> None:
    phone.goto("/")
    phone.get_by_label("用户名").fill("gu.hang")
    phone.locator("input[name=password]").fill("wrong")
    phone.get_by_role("button", name="登录").click()
    expect(phone.get_by_text("用户名或密码不正确")).to_be_visible()


def test_sign_in_page_fits_a_phone(phone: Page, person: User) -> None:
    phone.goto("/")
    overflow = phone.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0
