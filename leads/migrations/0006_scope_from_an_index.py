from django.db import migrations

from kfq_crm.base.database import covering_index


class Migration(migrations.Migration):
    dependencies = [("leads", "0005_expansions_add_an_amount")]

    operations = [
        # All that `Lead.objects.visible_to` and the tabs ask of a row: a member's list passes over
        # the other teams' leads without reading them.
        covering_index(
            "lead_scope",
            "leads_lead",
            "id",
            *("chain_id", "first_talk_team_id", "owner_id", "confidential", "exit"),
        ),
    ]
