"""The first administrator: makes accounts, reads no lead."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from chains.roles import ADMINISTRATION, ROLES, RULES
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import AccessEntry, User
from leads.models import Lead
from seeds.first_run import create_administrator, has_administrator
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
PASSWORD = "长江岸线-784312"
NAMES = {"username": "guanli", "display_name": "管立", "password": PASSWORD}


def run(*args, **options):
    out = StringIO()
    call_command("create_administrator", *args, stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def unattended(monkeypatch):
    monkeypatch.setenv("KFQ_ADMIN_USERNAME", "guanli")
    monkeypatch.setenv("KFQ_ADMIN_NAME", "管立")
    monkeypatch.setenv("KFQ_ADMIN_PASSWORD", PASSWORD)


def test_first_administrator_comes_from_the_environment(unattended):
    assert "管立" in run()
    user = User.objects.get()
    assert user.check_password(PASSWORD)
    assert (user.is_staff, user.is_superuser, user.must_change_password) == (True, False, False)
    assert has_administrator()
    entry = AccessEntry.objects.get()
    assert (entry.subject, entry.detail) == ("account.created", {"account": "guanli"})


def test_first_administrator_is_asked_for_what_is_not_given(monkeypatch):
    answers = iter(["guanli", "管立"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(answers))
    monkeypatch.setattr("getpass.getpass", lambda prompt: PASSWORD)
    run()
    assert User.objects.get().display_name == "管立"


def test_first_administrator_must_type_the_password_twice_alike(monkeypatch):
    answers = iter([PASSWORD, "长江岸线-7844"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(answers))
    with pytest.raises(CommandError):
        run("--username=guanli", "--full-name=管立")
    assert not User.objects.exists()


def test_first_administrator_is_not_made_when_nobody_answers(monkeypatch):
    def no_terminal(prompt):
        raise EOFError

    monkeypatch.setattr("builtins.input", no_terminal)
    with pytest.raises(CommandError):
        run()
    assert not User.objects.exists()


def test_second_administrator_only_when_asked_for(unattended):
    run()
    with pytest.raises(CommandError):
        run("--username=another")
    run("--another", "--username=another")
    assert User.objects.count() == 2


def test_disabled_administrator_is_none(unattended):
    run()
    User.objects.update(is_active=False)
    assert not has_administrator()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("password", "short"),
        ("password", "1234567890123"),
        ("password", "guanli12345"),
        ("username", ""),
        ("username", "has blanks"),
        ("username", "x" * 200),
        ("display_name", "  "),
        ("display_name", "名" * 61),
    ],
)
def test_first_administrator_is_refused_at_the_field(field, value):
    with pytest.raises(RuleViolation) as refused:
        create_administrator(**{**NAMES, field: value})
    assert refused.value.field == field
    assert not User.objects.exists()
    assert not AccessEntry.objects.exists()


def test_first_administrator_does_not_take_a_sign_in_name_in_other_letters():
    UserFactory(username="Guanli")
    with pytest.raises(RuleViolation) as refused:
        create_administrator(**NAMES)
    assert refused.value.code == "username_taken"


def test_administrator_holds_no_right_on_any_lead():
    user = create_administrator(**NAMES)
    about_leads = {code for code in user.get_all_permissions() if code.startswith("leads.")}
    rules = {f"leads.{verb}_{rule}" for verb in ("view", "add", "change") for rule in RULES}
    digests = {f"leads.{verb}" for verb in ("list_digests", "view_digest", "change_digest")}
    assert about_leads == rules | digests
    assert not user.has_perm("chains.see_all_teams")
    assert not user.has_perm("leads.read_confidential_leads")
    assert len(user.get_all_permissions()) == len(ROLES[ADMINISTRATION])


def test_administrator_uses_the_admin_and_finds_no_lead(db):
    user = create_administrator(**NAMES)
    client = Client()
    client.force_login(user)
    assert client.get(reverse("admin:base_user_changelist")).status_code == 200
    assert client.get(reverse("admin:base_user_add")).status_code == 200
    assert client.get(reverse("admin:index")).status_code == 200
    assert client.get(reverse("admin:leads_lead_changelist")).status_code in {403, 404}
    assert not Lead.objects.visible_to(user).exists()
