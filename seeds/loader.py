"""Loads the zone's own report (seeds/data) into the database.

Running it again changes nothing. A row that is there is never touched, whoever edited it since:
rows with a code, a year or a chain of their own are recognised by it; sets of rows without one
(anchor firms and gaps of a chain, links, each kind of rule) are loaded only while the set is
empty, so that what was renamed or moved does not come back under its old name. The permissions of
groups are no data but code (`chains.roles`): they are brought up to date at every run.
"""

from __future__ import annotations

from django.db import transaction

from seeds.loading.approvals import load_approvals, load_departments
from seeds.loading.figures import load_figures
from seeds.loading.landing_rules import load_landing_rules
from seeds.loading.projects import load_projects
from seeds.loading.promise_rules import load_promise_rules
from seeds.loading.questions import load_questions
from seeds.loading.rules import load_calendar, load_rules
from seeds.loading.taxonomy import load_taxonomy, load_teams


@transaction.atomic
def load_report() -> None:
    """Everything that a new system starts with, all or nothing. No person, no lead."""
    load_calendar()
    load_rules()
    load_landing_rules()
    load_promise_rules()
    load_taxonomy()
    load_teams()
    load_figures()
    load_projects()
    load_departments()
    load_approvals()
    load_questions()
