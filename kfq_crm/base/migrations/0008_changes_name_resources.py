"""Changes name the resource of the API; those of records that nobody publishes are dropped.

None of them has been read by anybody: until now nothing numbered them.
"""

from django.db import migrations

NAMES = {
    "chain": "chains",
    "segment": "segments",
    "taskteam": "teams",
    "annualtarget": "annual-targets",
    "enterprise": "enterprises",
    "lead": "leads",
    "followup": "follow-ups",
    "stagechange": "stage-changes",
    "contract": "contracts",
    "commitment": "commitments",
    "landedproject": "landed-projects",
    "milestone": "milestones",
}


def name_resources(apps, schema_editor):
    changes = apps.get_model("base", "Change").objects.all()
    changes.exclude(resource__in=[*NAMES, *NAMES.values()]).delete()
    for before, after in NAMES.items():
        changes.filter(resource=before).update(resource=after)


def name_models(apps, schema_editor):
    changes = apps.get_model("base", "Change").objects.all()
    for before, after in NAMES.items():
        changes.filter(resource=after).update(resource=before)


class Migration(migrations.Migration):
    dependencies = [("base", "0007_change_feed_is_read")]
    operations = [migrations.RunPython(name_resources, name_models)]
