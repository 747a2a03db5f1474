"""Every figure of the overview, reckoned by hand from the six leads of `tests.overview.spring`."""

from datetime import date
from typing import Any

import pytest

from kfq_crm.base.models import User
from kfq_crm.overview.api.answer import overview_of
from kfq_crm.overview.api.asking import Asked
from leads.models import StallRule
from tests.factories import log_a_lead
from tests.overview.spring import TODAY, Spring, clock

pytestmark = pytest.mark.django_db
NONE = {"CNY": "0.0000", "USD": "0.0000"}


def figures(user: User, day: date | None = None, **asked: Any) -> dict[str, Any]:
    """As told on 19 March 2026."""
    with clock(TODAY):
        document = overview_of(user, Asked(day, asked.pop("year", 2026), **asked))
    found: dict[str, Any] = document["figures"]
    return found


def parts(cell: dict[str, Any], name: str, code: str, *measures: str) -> dict[str, Any]:
    """A list inside a cell, by its code; what is zero is left out."""
    rows = {row[code]: tuple(row[measure] for measure in measures) for row in cell[name]}
    plain = {key: values[0] if len(values) == 1 else values for key, values in rows.items()}
    return {key: value for key, value in plain.items() if rows[key][0]}


def groups(figure: dict[str, Any], measure: str) -> dict[Any, Any]:
    return {group["key"]: group[measure] for group in figure["groups"]}


def test_signing_counts_once_and_an_expansion_what_it_adds(spring: Spring) -> None:
    found = figures(spring.cast.coordinator)["signings"]["total"]
    amounts = {"CNY": "66000.0000", "USD": "0.0000"}
    assert found == {"signings": 1, "expansions": 1, "amounts": amounts}


def test_milestones_count_in_their_year(spring: Spring) -> None:
    found = figures(spring.cast.coordinator)
    reached = {name: found[name]["total"] for name in ("starts", "completions", "productions")}
    assert reached == {
        "starts": {"projects": 1},
        "completions": {"projects": 0},
        "productions": {"projects": 0},
    }
    before = figures(spring.cast.coordinator, year=2025)
    assert before["starts"]["total"] == {"projects": 0}
    assert before["signings"]["total"]["signings"] == 0


def test_targets_stand_beside_what_was_reached(spring: Spring) -> None:
    rows = figures(spring.cast.coordinator)["targets"]["rows"]
    told = [
        (row["scope"], row["name"], row["metric"]["code"], row["reached"], row["percent"])
        for row in rows
    ]
    assert told == [
        ("zone", "", "signings", 1, 25.0),
        ("zone", "", "projects-started", 1, 50.0),
        ("chain", "航空航天", "signings", 1, 50.0),
        ("chain", "新材料", "signings", 0, 0.0),
        ("team", "航空航天专班", "projects-started", 1, 100.0),
    ]


def test_funnel_tells_open_leads_by_stage_with_each_currency_apart(spring: Spring) -> None:
    found = figures(spring.cast.coordinator)["funnel"]
    assert found["total"]["leads"] == 5
    assert found["total"]["amounts"] == {"CNY": "80000.0000", "USD": "2000.0000"}
    assert parts(found["total"], "stages", "stage", "leads", "amounts") == {
        "lead": (3, {"CNY": "20000.0000", "USD": "0.0000"}),
        "screening": (1, {"CNY": "0.0000", "USD": "2000.0000"}),
        "signed": (1, {"CNY": "60000.0000", "USD": "0.0000"}),
    }
    assert groups(found, "leads") == {"aerospace": 3, "new-materials": 2}


def test_conversion_follows_the_leads_that_entered_in_the_year(spring: Spring) -> None:
    """B2 entered the year before."""
    found = figures(spring.cast.coordinator)["funnel"]["total"]["conversion"]
    assert [(row["to"], row["entered"], row["reached"], row["percent"]) for row in found] == [
        ("screening", 5, 2, 40.0),
        ("negotiating", 2, 1, 50.0),
        ("review", 1, 1, 100.0),
        ("signed", 1, 1, 100.0),
    ]
    before = figures(spring.cast.coordinator, year=2025)["funnel"]["total"]["conversion"][0]
    assert (before["entered"], before["reached"]) == (1, 0)


def test_time_in_stage_lies_between_the_two_nearest(spring: Spring) -> None:
    """The stage of the lead was left after 3, 27 (lost) and 63 days."""
    found = figures(spring.cast.coordinator)["time_in_stage"]["total"]
    assert parts(found, "stages", "stage", "moves", "median_days", "p90_days") == {
        "lead": (3, 27.0, 55.8),
        "screening": (1, 12.0, 12.0),
        "negotiating": (1, 31.0, 31.0),
        "review": (1, 18.0, 18.0),
    }


def test_week_stands_beside_the_last(spring: Spring) -> None:
    """New: A2, B1 before. Moved: A3, A1 before. Stuck: A1 and B2, A3 as well before."""
    found = figures(spring.cast.coordinator)["week"]
    assert found["weeks"] == {
        "this": {"from": "2026-03-16", "before": "2026-03-23"},
        "last": {"from": "2026-03-09", "before": "2026-03-16"},
    }
    assert found["total"] == {
        "new": {"this": 1, "last": 1, "change": 0},
        "moved": {"this": 1, "last": 1, "change": 0},
        "stuck": {"this": 2, "last": 3, "change": -1},
    }


def test_week_is_half_open_in_site_time(spring: Spring) -> None:
    """A lead of the last minute of Sunday is one of last week, at midnight it is of this one."""
    by = spring.cast.member_a
    for moment in ("2026-03-15 23:59", "2026-03-16 00:00"):
        with clock(moment):
            log_a_lead(by=by, title=moment)
    found = figures(spring.cast.coordinator)["week"]["total"]
    assert found["new"] == {"this": 2, "last": 2, "change": 0}


def test_overdue_is_told_by_team(spring: Spring) -> None:
    """A1's cadence after the signing, A3 by a day, B1 by a week; what is due today is not."""
    found = figures(spring.cast.coordinator)["overdue"]
    told = {group["name"]: group["leads"] for group in found["groups"]}
    assert found["by"] == "team"
    assert told == {"航空航天专班": 2, "新材料专班": 1}
    assert found["total"] == {"leads": 3}


def test_bands_go_by_either_currencys_threshold(spring: Spring) -> None:
    found = figures(spring.cast.coordinator)["bands"]["total"]
    assert parts(found, "bands", "band", "leads", "amounts") == {
        "A": (1, {"CNY": "60000.0000", "USD": "0.0000"}),
        "B": (2, {"CNY": "20000.0000", "USD": "2000.0000"}),
        "": (2, NONE),
    }


def test_losses_are_told_by_reason(spring: Spring) -> None:
    found = figures(spring.cast.coordinator)["lost"]["total"]
    assert found["leads"] == 1
    assert parts(found, "reasons", "reason", "leads") == {"answer_too_slow": 1}
    assert figures(spring.cast.coordinator, year=2025)["lost"]["total"]["leads"] == 0


def test_past_day_is_told_as_the_records_stood_at_its_end(spring: Spring) -> None:
    """On 1 March A1 stood in review and was worth 50,000; A2, B1, the signing were to come."""
    found = figures(spring.cast.coordinator, date(2026, 3, 1))
    assert parts(found["funnel"]["total"], "stages", "stage", "leads", "amounts") == {
        "lead": (2, {"CNY": "0.0000", "USD": "2000.0000"}),
        "review": (1, {"CNY": "50000.0000", "USD": "0.0000"}),
    }
    assert found["signings"]["total"] == {"signings": 0, "expansions": 0, "amounts": NONE}
    assert found["starts"]["total"] == {"projects": 0}
    assert found["lost"]["total"]["leads"] == 1
    assert parts(found["bands"]["total"], "bands", "band", "leads") == {"A": 1, "B": 1, "": 1}
    signed = figures(spring.cast.coordinator, date(2026, 3, 12))
    assert signed["signings"]["total"]["amounts"]["CNY"] == "61000.0000"
    assert signed["starts"]["total"] == {"projects": 1}
    assert figures(spring.cast.coordinator, date(2026, 2, 9))["lost"]["total"]["leads"] == 0


def test_breakdowns_add_up_to_the_total(spring: Spring) -> None:
    for by in ("chain", "team", "outpost", "month"):
        found = figures(spring.cast.coordinator, by=by)
        for name, figure in found.items():
            if name in ("targets", "time_in_stage"):
                continue
            assert figure["by"] == by
            sums = _sum([_measures(group) for group in figure["groups"]])
            assert sums == {k: v for k, v in _measures(figure["total"]).items() if v}, (by, name)


def test_breakdown_by_outpost_names_those_without_one(spring: Spring) -> None:
    found = figures(spring.cast.coordinator, by="outpost")
    assert groups(found["funnel"], "leads") == {spring.outpost.pk: 2, None: 3}
    assert [group["kind"] for group in found["funnel"]["groups"]] == ["outpost", "none"]
    stays = {
        group["key"]: parts(group, "stages", "stage", "moves")
        for group in found["time_in_stage"]["groups"]
    }
    assert stays[spring.outpost.pk] == {"lead": 1}


def test_breakdown_by_month_goes_by_the_event(spring: Spring) -> None:
    found = figures(spring.cast.coordinator, by="month")
    assert groups(found["funnel"], "leads") == {"2025-12": 1, "2026-01": 2, "2026-03": 2}
    assert groups(found["signings"], "signings") == {"2026-03": 1}
    assert groups(found["starts"], "projects") == {"2026-03": 1}
    assert groups(found["lost"], "leads") == {"2026-02": 1}
    stays = [
        (group["key"], parts(group, "stages", "stage", "moves"))
        for group in found["time_in_stage"]["groups"]
    ]
    assert stays == [
        ("2026-01", {"lead": 1, "screening": 1}),
        ("2026-02", {"lead": 1, "negotiating": 1}),
        ("2026-03", {"lead": 1, "review": 1}),
    ]


def test_one_chain_is_told_alone(spring: Spring) -> None:
    cast = spring.cast
    found = figures(cast.coordinator, chain=cast.chain_b)
    assert found["funnel"]["total"]["leads"] == 2
    assert found["signings"]["total"]["signings"] == 0
    assert found["time_in_stage"]["total"]["stages"][0]["moves"] == 0
    assert [row["name"] for row in found["targets"]["rows"]] == ["新材料"]


def test_without_a_rule_nothing_is_called_stuck(spring: Spring) -> None:
    StallRule.objects.all().delete()
    assert set(figures(spring.cast.coordinator)["week"]["total"]) == {"new", "moved"}


def test_member_is_told_of_what_he_may_see(spring: Spring) -> None:
    found = figures(spring.cast.member_b)
    assert found["funnel"]["total"]["leads"] == 2
    assert found["signings"]["total"]["signings"] == 0
    assert groups(found["funnel"], "leads") == {"new-materials": 2}


def _measures(cell: Any, path: str = "") -> dict[str, float]:
    """Every number of a cell by its path; shares and times do not add up."""
    found: dict[str, float] = {}
    for name, value in cell.items():
        if name in {"key", "kind", "name", "chain", "percent", "median_days", "mean"}:
            continue
        if isinstance(value, dict):
            found |= _measures(value, f"{path}{name}.")
        elif isinstance(value, list):
            for row in value:
                code = row.get("stage", row.get("band", row.get("reason", row.get("to"))))
                found |= _measures(
                    {k: v for k, v in row.items() if k in {"leads", "amounts", "entered"}},
                    f"{path}{name}.{code}.",
                )
        else:
            found[f"{path}{name}"] = float(value)
    return found


def _sum(cells: list[dict[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for cell in cells:
        for name, value in cell.items():
            total[name] = total.get(name, 0) + value
    return {name: value for name, value in total.items() if value}
