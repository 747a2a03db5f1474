"""The product's settings for processes of a fault test, with shorter waits."""

from datetime import timedelta

from kfq_crm.settings import *  # noqa: F403 — the product's own settings are what is tested

# Minutes in the product; a test cannot wait so long for a dead worker's messages.
MAIL_LEASE = timedelta(seconds=3)
MAIL_RETRY_SPAN = timedelta(seconds=127)
CELERY_BROKER_TRANSPORT_OPTIONS |= {"visibility_timeout": 600}  # noqa: F405 — as above
