from django.db import migrations

from kfq_crm.base.database import refuse_updates


class Migration(migrations.Migration):
    dependencies = [("base", "0001_initial")]

    operations = [refuse_updates("base_accessentry")]
