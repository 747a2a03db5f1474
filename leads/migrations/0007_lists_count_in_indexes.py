from django.db import migrations

from kfq_crm.base.database import covering_index, widened_index

SCOPE = ("first_talk_team_id", "confidential", "exit")


class Migration(migrations.Migration):
    dependencies = [("leads", "0006_scope_from_an_index")]

    operations = [
        # Whether a lead may be seen is asked of every row that a filtered list counts.
        widened_index(
            *("lead_owner_stage", "leads_lead", "owner_id, stage, id DESC"),
            *("chain_id", *SCOPE),
        ),
        widened_index(
            *("lead_chain_stage", "leads_lead", "chain_id, stage, id DESC"),
            *("owner_id", *SCOPE),
        ),
        covering_index(
            *("lead_secondary_chain_leads", "leads_lead_secondary_chains", "chain_id"),
            *("lead_id",),
        ),
    ]
