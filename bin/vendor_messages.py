"""List the strings of the libraries that no Simplified Chinese catalogue translates.

Run after a library's new version: what it prints goes into kfq_crm/locale_vendor, by domain.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kfq_crm.settings")
os.environ.setdefault("LOG_LEVEL", "WARNING")

import django  # noqa: E402 — needs the path set above
from django.utils import translation  # noqa: E402 — as above
from django.utils.translation import trans_real  # noqa: E402 — as above
from django.views.i18n import JavaScriptCatalog  # noqa: E402 — as above

# Package, and the parts of it that nobody here can see: apps not installed, command lines
PACKAGES: dict[str, list[str]] = {
    "unfold": ["contrib/constance", "contrib/guardian", "contrib/location_field"],
    "import_export": [],
    "simple_history": [],
    "axes": [],
    "django_otp": ["plugins/otp_email", "plugins/otp_hotp"],
    "django/contrib/admin": [],
    "django/contrib/auth": [],
    "django/contrib/contenttypes": [],
    "django/contrib/sessions": [],
    "django/contrib/messages": [],
    "django/contrib/humanize": [],
    "django/core": [],
    "django/db": [],
    "django/forms": [],
    "django/utils": [],
    "django/views": [],
}
# Only where gettext can read the scripts: it stumbles over minified ones
SCRIPTS: dict[str, list[str]] = {
    "django/contrib/admin": [],
    "unfold/contrib/filters": [],
    "unfold/static/admin": [],
}
NEVER_SEEN = shutil.ignore_patterns(
    "management", "tests", "*.mo", "__pycache__", "vendor", "*.min.js"
)


def extract(package: str, hidden: list[str], domain: str) -> list[polib.POEntry]:
    """All strings of the package that gettext finds in its Python, templates or scripts."""
    source = Path(django.__file__).parent.parent / package
    options = ["--locale=zh_Hans", "--verbosity=0"]
    with tempfile.TemporaryDirectory(prefix="kfq-vendor-") as folder:
        place = Path(folder)
        shutil.copytree(source, place / "package", ignore=NEVER_SEEN)
        for part in [*hidden, "locale"]:
            shutil.rmtree(place / "package" / part, ignore_errors=True)
        (place / "locale").mkdir()
        subprocess.run(
            [sys.executable, "-m", "django", "makemessages", f"--domain={domain}", *options],
            cwd=place,
            check=True,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "django.conf.global_settings"},
        )
        found = place / "locale" / "zh_Hans" / "LC_MESSAGES" / f"{domain}.po"
        return list(polib.pofile(str(found))) if found.exists() else []


def catalogue(domain: str) -> set[str]:
    """The keys, as gettext spells them, that the running site translates into Chinese."""
    if domain == "djangojs":
        view = JavaScriptCatalog()
        view.translation = trans_real.DjangoTranslation("zh-hans", domain="djangojs")
        merged = view.translation._catalog
    else:
        merged = trans_real.translation("zh-hans")._catalog
    return {key[0] if isinstance(key, tuple) else key for key in merged.keys()}  # noqa: SIM118 — not a dict


def untranslated() -> list[tuple[str, str, polib.POEntry]]:
    """(domain, package, entry) for each string that would appear in English."""
    missing = []
    for domain, packages in (("django", PACKAGES), ("djangojs", SCRIPTS)):
        known = catalogue(domain)
        for package, hidden in packages.items():
            for entry in extract(package, hidden, domain):
                key = f"{entry.msgctxt}\x04{entry.msgid}" if entry.msgctxt else entry.msgid
                if key not in known:
                    missing.append((domain, package, entry))
    return missing


def main() -> None:
    django.setup()
    with translation.override("zh-hans"):
        missing = untranslated()
    for domain, package, entry in missing:
        place = ", ".join(file for file, _line in entry.occurrences[:2])
        context = f"[{entry.msgctxt}] " if entry.msgctxt else ""
        plural = f" | {entry.msgid_plural!r}" if entry.msgid_plural else ""
        print(f"{domain} {package} {context}{entry.msgid!r}{plural} ({place})")
    if missing:
        raise SystemExit(f"{len(missing)} strings of libraries are not translated.")


if __name__ == "__main__":
    main()
