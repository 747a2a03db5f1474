"""The seed files against the report that they rest on."""

import re
from datetime import date
from functools import cache

import pytest

from tests.seeds.files import DATA, assert_slugs, assert_unique, load, rows, segments_of, walk

FROM_REPORT = ("chains", "projects", "results_2023", "targets_2024", "metrics", "services")
MILESTONES = ("registered", "land", "started", "completed", "producing", "full")
# What the report names as a project of an industry, and the milestone that it states.
NAMED = {
    "商业航天动力产业园": ("aerospace", "signed"),
    "航天信控火箭发动机": ("aerospace", "planned"),
    "凯飞航空结构件": ("aerospace", "started"),
    "青山产业园一期": ("new-materials", "producing"),
    "祥瑞不锈钢精线": ("new-materials", "producing"),
    "甬金": ("new-materials", "started"),
    "德威": ("new-materials", "started"),
    "正立": ("new-materials", "started"),
    "特殊钢近零碳排电炉示范系列项目": ("new-materials", "planned"),
    "中粮粮谷": ("health", "started"),
    "王小卤": ("health", "started"),
    "兰精科技": ("health", "started"),
    "聚源生物": ("health", "producing"),
    "赛德力离心机": ("new-energy", "planned"),
    "上骐工程机械": ("new-energy", "planned"),
    "宏源重工": ("new-energy", "planned"),
    "华汽新能源": ("new-energy", "started"),
    "迈能新型热储能": ("new-energy", "started"),
    "光芒新能源": ("new-energy", "started"),
    "数字化不锈钢交易中心": ("new-materials", "planned"),
    "中铁建桥梁钢构营销网络总部": ("new-materials", "planned"),
    "钢管网": ("new-materials", "planned"),
    "钢宝网": ("new-materials", "producing"),
}


def squeeze(text):
    return re.sub(r"\s+", "", text)


@cache
def sections():
    """Section key ("一.进", "二.1" …) to its text, from the headings of the report."""
    found, part, key = {}, "", ""
    for line in (DATA / "report-2024.txt").read_text(encoding="utf-8").splitlines():
        if heading := re.match(r"([一二三])、", line):
            part = key = heading[1]
        elif part == "一" and (turn := re.match(r"这一年,我们“(.)”", line)):
            key = f"一.{turn[1]}"
        elif part in ("二", "三") and (point := re.match(r"(\d)\.", line)):
            key = f"{part}.{point[1]}"
        found[key] = found.get(key, "") + squeeze(line)
    return found


def quotes():
    for name in FROM_REPORT:
        for row in rows(load(name)):
            for prefix in ("", "target_"):
                if row.get(f"{prefix}quote"):
                    yield name, row[f"{prefix}source"], row[f"{prefix}quote"]
            if row.get("growth_quote"):
                yield name, row["source"], row["growth_quote"]


def projects():
    return load("projects")["projects"]


def in_order(short, long):
    """Whether the characters of one string occur in the other, in the same order."""
    rest = iter(long)
    return all(character in rest for character in short)


def test_report_sections_are_all_found():
    wanted = {"一.进", "一.转", "一.稳", *(f"二.{n}" for n in range(1, 6))}
    assert wanted <= set(sections())


@pytest.mark.parametrize("name", FROM_REPORT)
def test_quotes_occur_verbatim_in_their_section(name):
    missing = [
        (source, quote)
        for file, source, quote in quotes()
        if file == name and squeeze(quote) not in sections().get(source, "")
    ]
    assert missing == []


@pytest.mark.parametrize("name", FROM_REPORT)
def test_rows_with_a_source_have_a_quote_and_the_reverse(name):
    odd = [row for row in rows(load(name)) if bool(row.get("source")) != bool(row.get("quote"))]
    assert odd == []


@pytest.mark.parametrize(
    ("name", "lists"),
    [
        ("chains", ("groups", "chains", "firms_without_chain", "links")),
        ("projects", ("projects", "infrastructure")),
        ("results_2023", ("results", "honours")),
        ("targets_2024", ("targets",)),
        ("services", ("promises_1230", "interval_promises", "modes")),
    ],
)
def test_every_row_names_its_section(name, lists):
    bare = [row for key in lists for row in load(name)[key] if not row.get("quote")]
    assert bare == []


def test_metrics_without_a_quote_are_marked_as_our_own():
    for metric in load("metrics")["metrics"]:
        assert bool(metric["quote"]) != metric.get("system", False), metric["code"]


# ---- chains -------------------------------------------------------------------------------------


def test_chains_are_four_cores_and_five_chains():
    kinds = {chain["name"]: chain["kind"] for chain in load("chains")["chains"]}
    assert kinds == {
        "船舶海工": "core",
        "汽车零部件": "core",
        "特种机械": "core",
        "电机电器": "core",
        "航空航天": "chain",
        "新材料": "chain",
        "新能源": "chain",
        "新一代信息技术": "chain",
        "大健康": "chain",
    }


def test_chain_names_in_the_report_are_told_from_those_that_are_not():
    whole = "".join(sections().values())
    for chain in load("chains")["chains"]:
        assert (chain["name"] in whole) == chain["name_in_report"], chain["name"]


def test_chain_directions_are_the_words_of_the_report():
    for chain in load("chains")["chains"]:
        assert chain["direction"] in sections()["二.1"]


def test_chain_codes_and_orders_are_unique():
    chains = load("chains")["chains"]
    assert_slugs(chain["code"] for chain in chains)
    assert [chain["order"] for chain in chains] == list(range(1, 10))


def test_segments_have_unique_codes_and_inferred_positions():
    every = [s for chain in load("chains")["chains"] for s in walk(chain["segments"])]
    assert_slugs(s["code"] for s in every)
    for segment in every:
        assert segment["position"] in ("upstream", "midstream", "downstream")
        assert segment["position_inferred"] is True


def test_segments_are_words_of_their_quotes():
    ours = {"motors-appliances-base"}
    for chain in segments_of().values():
        for code, segment in chain.items():
            if code not in ours:
                assert in_order(segment["name"], segment["quote"]), code


def test_gaps_and_firms_point_at_segments_of_their_chain():
    for chain in load("chains")["chains"]:
        own = segments_of()[chain["code"]]
        for gap in chain["gaps"]:
            assert gap["kind"] in ("strengthen", "fill", "extend")
            assert gap["kind_inferred"] is True
            assert set(gap["segments"]) <= set(own)
        for firm in chain["firms"]:
            assert firm["segment"] is None or firm["segment"] in own
            assert firm["role"] in ("anchor", "named")
            assert firm["name"] in firm["quote"]


def test_links_resolve_and_occur_once():
    links = load("chains")["links"]
    assert_slugs(link["code"] for link in links)
    for link in links:
        for end in ("from", "to"):
            segment = link[f"{end}_segment"]
            assert segment is None or segment in segments_of()[link[f"{end}_chain"]], link["code"]
    assert_unique(
        (li["from_chain"], li["from_segment"], li["to_chain"], li["to_segment"]) for li in links
    )


@pytest.mark.parametrize(
    ("chain", "segment"),
    [
        ("motors-appliances", "smart-robots"),
        ("motors-appliances", "new-energy-motors"),
        ("motors-appliances", "high-end-medical-equipment"),
        ("new-materials", "aviation-materials"),
        ("new-materials", "auto-lightweight-materials"),
        ("new-energy", "photovoltaics"),
        ("special-machinery", None),
    ],
)
def test_links_named_by_the_report_are_there(chain, segment):
    ends = {(link["to_chain"], link["to_segment"]) for link in load("chains")["links"]}
    assert (chain, segment) in ends


# ---- projects -----------------------------------------------------------------------------------


def test_projects_are_those_of_the_report_in_chain_and_milestone():
    assert {p["name"]: (p["chain"], p["milestone"]) for p in projects()} == NAMED


def test_projects_carry_no_amounts():
    banned = {"amount", "investment", "fixed_investment", "value", "currency"}
    assert [row for row in rows(load("projects")) if banned & set(row)] == []


def test_project_investment_notes_are_words_of_the_report():
    notes = {p["name"]: p["investment_note"] for p in projects() if p.get("investment_note")}
    assert notes == {"商业航天动力产业园": "总投资百亿级"}
    assert "总投资百亿级的商业航天动力产业园" in sections()["一.进"]


def test_project_codes_are_unique_slugs():
    both = [*projects(), *load("projects")["infrastructure"]]
    assert_slugs(row["code"] for row in both)


def test_project_references_resolve():
    codes = {p["code"] for p in projects()}
    for project in projects():
        assert project["segment"] is None or project["segment"] in segments_of()[project["chain"]]
        assert set(project.get("secondary_chains", [])) <= set(segments_of())
        assert project.get("part_of") is None or project["part_of"] in codes


def test_project_milestones_and_aims_are_known_words():
    known = {"planned", "signed", *MILESTONES}
    for row in [*projects(), *load("projects")["infrastructure"]]:
        assert row["milestone"] in known
        assert row.get("target_milestone") in {None, *MILESTONES}
        quote = row.get("target_quote") or row["quote"]
        assert in_order(row["target_text"] or "", quote), row["code"]


def test_project_companies_are_named_in_the_quote():
    for project in projects():
        assert project["company"] is None or project["company"] in project["quote"]


def test_infrastructure_is_on_no_chain():
    assert {row["chain"] for row in load("projects")["infrastructure"]} == {None}


# ---- figures ------------------------------------------------------------------------------------


def test_metrics_resolve_in_results_and_targets():
    units = {m["code"]: m["unit"] for m in load("metrics")["metrics"]}
    assert_slugs(m["code"] for m in load("metrics")["metrics"])
    for row in load("results_2023")["results"]:
        assert row["unit"] == units[row["metric"]]
    for row in load("targets_2024")["targets"]:
        assert row["unit"] == ("%" if row["growth_pct"] else units[row["metric"]])


@pytest.mark.parametrize(
    ("name", "key"), [("results_2023", "results"), ("targets_2024", "targets")]
)
def test_figures_stand_in_their_quotes(name, key):
    assert_unique(row["metric"] for row in load(name)[key])
    for row in load(name)[key]:
        assert row["value"] or row["growth_pct"]
        if row["value"]:
            assert row["value"] in row["quote"]
        if row["growth_pct"]:
            assert f"{row['growth_pct']}%" in row.get("growth_quote", row["quote"])


def test_growth_rates_follow_the_order_of_the_report():
    growing = [row for row in load("results_2023")["results"] if row["growth_pct"]]
    assert [(row["metric"], row["growth_pct"]) for row in growing] == [
        ("gdp", "8.1"),
        ("general-budget-revenue", "23.9"),
        ("industrial-invoicing", "7.8"),
        ("service-invoicing", "7.9"),
    ]


def test_targets_comparators_are_the_words_after_the_figure():
    words = {"at_least": "以上", "about": "左右", "exact": None}
    for row in load("targets_2024")["targets"]:
        word = words[row["comparator"]]
        assert word is None or row["quote"].endswith(word), row["metric"]
        figure = row["growth_pct"] or row["value"]
        tail = row["quote"].split(figure)[-1]
        assert row["comparator"] != "exact" or not re.search("以上|左右", tail), row["metric"]


def test_targets_exclude_the_jiangyin_park_only_where_the_report_says_so():
    for row in load("targets_2024")["targets"]:
        assert row["excludes_jiangyin_park"] is (True if row["source"] == "二" else None)


def test_targets_of_2024_and_results_of_2023_are_complete():
    assert len(load("targets_2024")["targets"]) == 20
    assert len(load("results_2023")["results"]) == 20


# ---- services, rules, calendar ------------------------------------------------------------------


def test_services_1230_are_inferred_limits():
    promises = load("services")["promises_1230"]
    assert [(p["limit"], p["unit"]) for p in promises] == [
        (1, "working_days"),
        (2, "working_days"),
        (30, "working_days"),
    ]
    assert all(p["inferred"] for p in promises)


def test_services_interval_promises_have_no_limit():
    named = {p["name"]: p["limit"] for p in load("services")["interval_promises"]}
    assert named == {"签约即拿地": None, "拿地即开工": None, "竣工即投产": None}


def rule_rows():
    return [row for value in load("rules").values() if isinstance(value, list) for row in value]


def test_rules_hold_from_2024_and_have_unique_codes():
    assert load("rules")["valid_from"] == date(2024, 1, 1)
    assert_slugs(row["code"] for row in rule_rows() if row["code"] not in "ABC")


def test_rules_without_document_or_authority_are_inferred():
    for row in rule_rows():
        assert row["inferred"] or row["published"] or row["authority"], row["code"]


def test_rules_cadence_and_thresholds_are_those_of_the_domain():
    cadence = {(r["item"], r["scale"]): r["limit"] for r in load("rules")["cadence"]}
    assert cadence == {
        ("first_response", None): 1,
        ("screening_verdict", None): 3,
        ("screening_verdict", "A"): 5,
        ("referrer_reply", None): 5,
        ("negotiating", None): 10,
        ("negotiating", "A"): 5,
        ("negotiating", "B"): 10,
        ("negotiating", "C"): 20,
        ("signed_before_land", None): 10,
    }
    bands = load("rules")["scale_bands"]
    assert [(b["code"], b["min_cny_wan"], b["min_usd_wan"]) for b in bands] == [
        ("A", 50000, 3000),
        ("B", 10000, 1000),
        ("C", None, None),
    ]


def test_calendar_adds_nothing_after_the_last_published_year():
    assert load("calendar") == {"last_published_year": 2026, "days": []}
