from django.db import migrations

from kfq_crm.base.database import pending_grams

# About a hundred leads
KILOBYTES = 256


class Migration(migrations.Migration):
    dependencies = [("leads", "0015_sent_once")]

    operations = [
        pending_grams("leads_lead", KILOBYTES),
        pending_grams("leads_enterprise", KILOBYTES),
    ]
