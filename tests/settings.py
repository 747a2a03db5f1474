"""The product's settings as the tests use them: same apps, own state folder, quick passwords.

Every process gets a folder of its own, so that several runs do not meet.
"""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# Before Django reads them: the tests judge Chinese pages.
_COMPILER = Path(__file__).resolve().parent.parent / "bin" / "compile_messages.py"
subprocess.run([sys.executable, str(_COMPILER)], check=True)

_VAR = tempfile.mkdtemp(prefix="kfq-test-")
atexit.register(shutil.rmtree, _VAR, ignore_errors=True)

os.environ["KFQ_VAR"] = _VAR
os.environ["SECRET_KEY"] = "made up for tests, signs nothing that lasts"
os.environ["KFQ_INSECURE_HTTP"] = "1"  # the test client and the browser speak plain http
os.environ["LOG_LEVEL"] = "ERROR"
os.environ.pop("REDIS_URL", None)  # one test's task must not reach another's worker: see `broker`

from kfq_crm.settings import *  # noqa: E402, F403 — reads the environment set above

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Threads of a test must meet in one database, as processes do in the product: a file, not memory.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405 — from the product's settings
    DATABASES["default"]["TEST"] = {"NAME": f"{_VAR}/test.sqlite3"}  # noqa: F405 — as above
DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405 — a kept connection blocks dropping the test database

# Tests do not collect static files; test_static.py checks that collecting them works.
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"  # noqa: F405 — as above
STATIC_ROOT.mkdir()  # noqa: F405 — as above; whitenoise wants the folder to exist
INSTALLED_APPS += ["zeal"]  # noqa: F405 — as above; see the fixture no_repeated_queries
ALLOWED_HOSTS = ["*"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
