from django.db import migrations

from kfq_crm.base.database import gram_index, refuse_updates


class Migration(migrations.Migration):
    dependencies = [("leads", "0001_initial")]

    operations = [
        gram_index("leads_lead"),
        gram_index("leads_enterprise"),
        refuse_updates("leads_ruling"),
        refuse_updates("leads_contractamountchange"),
    ]
