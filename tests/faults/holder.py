"""A process that writes and commits only after so many seconds: `… tests.faults.holder SECONDS`."""

import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.faults.settings")
django.setup()

from django.db import transaction  # noqa: E402 — models are not ready before setup()

from chains.models import Chain, Segment  # noqa: E402 — as above

if __name__ == "__main__":
    with transaction.atomic():
        chain = Chain.objects.order_by("pk").last()
        Segment.objects.create(chain=chain, code="held", name="迟到的环节")
        print("held", flush=True)  # noqa: T201 — the test waits for this
        time.sleep(float(sys.argv[1]))
