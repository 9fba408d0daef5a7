"""Charts of runs: they show what `sim counts` prints, whatever a run holds or lacks."""

from __future__ import annotations

import json
import re
import shutil
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

import sim as front
from sim.reporting.charts.layout import Chart
from sim.reporting.run_charts import SECTIONS, charts_of_runs, wide_chart
from sim.reporting.run_charts.convention_chart import apart
from sim.reporting.run_charts.distribution_charts import at_least, marks
from sim.reporting.run_charts.rows_chart import rows
from sim.reporting.run_charts.shown import OTHERS, Shown, mean, quantile
from sim.reporting.run_report import Report
from sim.summaries.run_figures import Events
from tests.support.commands import sim
from tests.support.run_reports import distribution, made_up, shown_of

ALL = [
    "exchanges-per-account",
    "exchanges-per-task",
    "exchanges-per-session",
    "exchanges-per-account-day",
    "conventions",
    "by-hour",
    "week",
    "release",
    "concentration",
    "tokens-and-cost",
    "amplification",
    "context",
]
ONE = """\
version: 1
name: one
seed: 7
clock: {start: 2026-02-02, duration: 1 d}
actors:
  - {id: pool, typology: A16, accounts: 1, target_exchanges: 1}
"""
EMPTY = """\
version: 1
name: empty
seed: 7
clock: {start: 2026-02-02, duration: 1 min}
actors:
  - {id: coders, typology: L01, accounts: 1}
"""


@pytest.fixture(scope="module")
def place(tiny_run: Path) -> Path:
    return tiny_run / "out"


@pytest.fixture(scope="module")
def report(place: Path) -> Report:
    return front.report(place)


@pytest.fixture(scope="module")
def counted(place: Path) -> dict[str, Any]:
    printed: dict[str, Any] = json.loads(sim("counts", str(place), "--json").stdout)
    return printed


@pytest.fixture(scope="module")
def made() -> dict[str, Chart]:
    return {x.id: x for x in charts_of_runs(shown_of(made_up()))}


def data_of(chart: Chart) -> list[dict[str, Any]]:
    """What a chart shows, as records."""
    return [dict(zip(chart.data[0], line, strict=True)) for line in chart.data[1:]]  # type: ignore[arg-type]


def texts_of(chart: Chart) -> list[str]:
    """All texts of its picture, as one can select them."""
    return ["".join(x.itertext()) for x in ET.fromstring(chart.svg()).iter() if "text" in x.tag]


def drawn(report: Report) -> dict[str, Chart]:
    """Draw all charts of a report: none may warn, for the tests make errors of warnings."""
    charts = {x.id: x for x in report.charts}
    for chart in charts.values():
        assert chart.svg().startswith("<svg")
    return charts


# What is drawn


def test_a_run_in_which_all_happens_has_every_chart_in_the_order_of_sections(
    made: dict[str, Chart],
) -> None:
    assert list(made) == ALL
    order = list(SECTIONS)
    places = [order.index(x.section) for x in made.values()]
    assert places == sorted(places)
    for chart in made.values():
        assert re.search(r"\d", chart.title)
        assert chart.alt.endswith(".")
        assert len(chart.alt) < 400
        assert len(chart.data) > 1


def test_distributions_are_those_that_counts_prints(
    report: Report, counted: dict[str, Any]
) -> None:
    charts = {x.id: x for x in report.charts}
    units = [x for x in counted["distributions"] if counted["distributions"][x]]
    assert {"task", "account", "session", "account_day", "benchmark_run"} <= set(units)
    for unit in units:
        records = data_of(charts[f"exchanges-per-{unit.replace('_', '-')}"])
        shown = {x["group"]: x for x in records}
        assert shown.keys() == counted["distributions"][unit].keys()
        for group, printed in counted["distributions"][unit].items():
            assert {x: shown[group][x] for x in printed} == pytest.approx(printed)


def test_tokens_dollars_gini_counts_and_hours_are_those_that_counts_prints(
    report: Report, counted: dict[str, Any]
) -> None:
    charts = {x.id: x for x in report.charts}
    for x in data_of(charts["tokens-and-cost"]):
        printed = counted[x["amount"]][x["per"]][x["group"]]
        assert {k: x[k] for k in printed} == pytest.approx(printed, abs=1e-6)
    gini = {x["group"]: x["gini"] for x in data_of(charts["concentration"])}
    assert gini == pytest.approx(counted["gini"], abs=1e-6)
    for x in data_of(charts["conventions"]):
        assert x["exchanges"] == counted["by_actor"][x["group"]][x["convention"]]
    for group, hours in counted["by_hour"].items():
        assert [x[group] for x in data_of(charts["by-hour"])] == hours
    for group, curve in counted["context_by_step"].items():
        steps = [x for x in data_of(charts["context"]) if x["group"] == group]
        values = {k + 1: round(v) for k, v in enumerate(curve) if v is not None}
        assert {x["call of the task"]: x["median input tokens"] for x in steps} == values


def test_the_picture_holds_the_numbers_of_its_data_as_text(made: dict[str, Chart]) -> None:
    texts = texts_of(made["exchanges-per-account"])
    for words in ("pool", "1", "10", "500", "54", "667: 16 million / 24,000, our quotient"):
        assert words in texts
    assert "50 a task: the critique" in texts_of(made["exchanges-per-task"])
    texts = texts_of(made["conventions"])
    for words in ("Moonshot, 3.4 million", "DeepSeek, 150,000", "MiniMax, 13 million"):
        assert words in texts
    texts = texts_of(made["by-hour"])
    for words in ("new-model released", "barred 4", "replaced 4"):
        assert words in texts


def test_titles_say_what_the_numbers_say(made: dict[str, Chart]) -> None:
    assert made["exchanges-per-account"].title == (
        "Half of the accounts of pool have 1 exchange; the mean is 54"
    )
    assert made["release"].title == (
        "In its first 24 hours new-model gets 40 % of pool, and 30 % of the other groups"
    )
    assert made["by-hour"].title == (
        "4 accounts were barred and 4 opened in place of such; the busiest hour has 115 exchanges"
    )
    assert made["concentration"].title == (
        "The busiest tenth of the accounts of pool has 19 % of the exchanges"
    )
    wide = wide_chart(shown_of(made_up()))
    assert wide is not None
    assert wide.title == made["exchanges-per-account"].title


def test_long_runs_are_titled_by_the_hours_that_are_drawn_together() -> None:
    hours = 28 * 24
    by_hour = np.full(hours, 10, np.int64)
    by_hour[7] = 100
    none = Events({}, (), np.zeros(hours, np.int64), np.zeros(hours, np.int64))
    summary = made_up(("pool",), hours=hours, by_hour={"pool": by_hour}, events=none)
    chart = next(x for x in charts_of_runs(shown_of(summary)) if x.id == "by-hour")
    assert chart.title.startswith("The busiest 6 hours have 25 exchanges an hour, ")
    assert not re.search("barred|incident|Line:", chart.subtitle)


def test_a_mean_far_above_half_is_named() -> None:
    skewed = distribution(*[240] * 60, *[1_000] * 40)
    summary = made_up(("pool",), distributions={"account": {"pool": skewed}})
    assert charts_of_runs(shown_of(summary))[0].title == (
        "Half of the accounts of pool have 240 exchanges; the mean, 544, is 2.3 times that"
    )


@pytest.mark.verify
def test_no_text_is_cut_off_or_meets_another() -> None:
    groups = [f"an-actor-whose-name-is-rather-long-{k}" for k in range(9)]
    for chart in charts_of_runs(shown_of(made_up(groups), scale=0.05)):
        canvas: Any = FigureCanvasAgg(chart.figure)
        canvas.draw()
        ticks = [
            t for x in chart.figure.axes for axis in (x.xaxis, x.yaxis) for t in axis.majorTicks
        ]
        unseen = {id(y) for x in ticks for y in (x.label1, x.label2)}
        boxes = [
            (x.get_text(), x.get_window_extent(canvas.get_renderer()))
            for x in chart.figure.findobj(Text)
            if x.get_visible() and x.get_text().strip() and id(x) not in unseen
        ]
        whole = chart.figure.bbox
        for text, box in boxes:
            assert box.x0 > -1, (chart.id, text)
            assert box.x1 < whole.x1 + 1, (chart.id, text)
            assert box.y0 > -1, (chart.id, text)
            assert box.y1 < whole.y1 + 1, (chart.id, text)
        for (text, one), (other_text, other) in combinations(boxes, 2):
            wide = min(one.x1, other.x1) - max(one.x0, other.x0)
            high = min(one.y1, other.y1) - max(one.y0, other.y0)
            assert min(wide, high) < 3, (chart.id, text, other_text)


# Runs that lack something


def test_without_truth_what_needs_it_is_left_out_and_named(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "truth")
    report = front.report(tmp_path / "run")
    charts = drawn(report)
    for id_ in ("exchanges-per-task", "exchanges-per-benchmark-run", "amplification", "context"):
        assert id_ not in charts
    assert {"exchanges-per-account", "exchanges-per-session", "conventions", "week"} <= set(charts)
    assert "of all" not in charts["exchanges-per-account"].title
    wide = wide_chart(report.shown)
    assert wide is not None
    assert {x["unit"] for x in data_of(wide)} == {"session", "account"}
    assert any("truth" in x for x in report.summaries[0].left_out)


def test_an_empty_run_has_no_charts_and_says_so(tmp_path: Path) -> None:
    report = made_run(EMPTY, tmp_path)
    assert report.charts == ()
    assert report.facts == ("empty, seed 7: no exchanges in 1 hour.",)
    assert wide_chart(report.shown) is None


def test_one_account_with_one_exchange_is_drawn(tmp_path: Path) -> None:
    report = made_run(ONE, tmp_path)
    charts = drawn(report)
    assert charts["exchanges-per-account"].title == "The one account of pool has 1 exchange"
    assert charts["conventions"].title == (
        "The traffic of pool is 1 exchange however it is counted"
    )
    assert charts["rows"].title == "1 request of users became 1 exchange with the model"
    assert "concentration" not in charts


def test_few_exchanges_are_drawn_one_by_one(tmp_path: Path) -> None:
    run = front.run("worked_example", tmp_path / "run")
    report = front.report(tmp_path / "run")
    (chart,) = (x for x in report.charts if x.id == "rows")
    assert "seconds since the first exchange" in texts_of(chart)
    assert chart.title == "3 requests of users became 12 exchanges with the model"
    records = data_of(chart)
    assert [x["from"] for x in records[:4]] == ["user", "tool", "tool", "tool"]
    sent = run.pandas(columns=["input_tokens_total"])["input_tokens_total"]
    assert [x["input_tokens"] for x in records] == sent.tolist()

    (shown,) = report.shown.runs
    for_all = replace(shown, rows=tuple(replace(x, from_user=True) for x in shown.rows))
    asked = rows(Shown((for_all,)), for_all)
    assert asked is not None
    assert asked.title == chart.title, "requests for summaries are messages of a user as well"


def test_units_without_an_answer_count_and_are_not_drawn() -> None:
    zeros = distribution(0, 0, 0, 5)
    values, shares = at_least(zeros)
    assert (values, shares) == ([5], [0.25])
    assert quantile(zeros, 0.5) == 0
    summary = made_up(("pool",), distributions={"account": {"pool": zeros}})
    for chart in charts_of_runs(shown_of(summary)):
        chart.svg()


def made_run(scenario: str, folder: Path) -> Report:
    """The report of a run of a scenario."""
    (folder / "scenario.yaml").write_text(scenario, encoding="utf-8")
    return front.report(front.run(folder / "scenario.yaml", folder / "run"))


# Groups and runs


def test_many_groups_become_the_largest_and_others_and_nothing_is_lost() -> None:
    groups = [f"g{k}" for k in range(12)]
    shown = shown_of(made_up(groups))
    assert shown.groups == ("g0", "g1", "g2", "g3", "g4", "g5", OTHERS)
    run = shown.runs[0]
    rest = shown.distribution(run, "account", OTHERS)
    assert rest is not None
    assert rest.frequencies.sum() == 600
    assert mean(rest) == pytest.approx(53.6)
    hours = [shown.series(run, "by_hour", g) for g in shown.groups]
    whole = np.sum(list(run.summary.by_hour.values()), axis=0)
    assert np.array_equal(np.sum([x for x in hours if x is not None], axis=0), whole)
    charts = {x.id: x for x in charts_of_runs(shown)}
    assert {"g0", OTHERS} <= set(texts_of(charts["exchanges-per-account"]))
    assert "g6" not in texts_of(charts["exchanges-per-account"])


def test_seven_groups_keep_their_names() -> None:
    shown = shown_of(made_up([f"g{k}" for k in range(7)]))
    assert OTHERS not in shown.groups
    assert len({str(shown.colour(x)) for x in shown.groups}) == 7


def test_runs_stand_beside_each_other_under_their_names() -> None:
    calm = replace(
        made_up().events, bans=np.zeros(96, np.int64), replacements=np.zeros(96, np.int64)
    )
    charts = {x.id: x for x in charts_of_runs(shown_of(made_up(), made_up(events=calm)))}
    assert charts["by-hour"].title == (
        "“a”: 11,040 exchanges, 4 accounts were barred and 4 opened in place of such; "
        "“b”: 11,040 exchanges"
    )
    assert charts["exchanges-per-account"].title == (
        "Exchanges that half of the accounts of pool have at most: 1 in “a”, 1 in “b”"
    )
    for id_, chart in charts.items():
        assert {line[0] for line in chart.data[1:]} == {"a", "b"}, id_
    for id_ in ("exchanges-per-account", "by-hour", "week"):
        assert {"a", "b"} <= set(texts_of(charts[id_]))


def test_a_run_without_truth_stands_beside_one_with_it() -> None:
    blind = made_up(("all",), by="all", task_grid={}, context_by_step={})
    blind = replace(blind, distributions={"account": blind.distributions["account"]})
    charts = {x.id: x for x in charts_of_runs(shown_of(blind, made_up()))}
    for chart in charts.values():
        chart.svg()
    assert list(charts) == [x for x in ALL if x in charts]
    assert {"exchanges-per-task", "amplification", "context"} <= set(charts)
    groups = {(x["run"], x["group"]) for x in data_of(charts["exchanges-per-account"])}
    assert groups == {("a", "all"), ("b", "pool"), ("b", "coders")}
    assert {x["run"] for x in data_of(charts["context"])} == {"b"}


# Reported figures


def test_reported_figures_are_those_of_the_catalog_and_totals_are_scaled() -> None:
    (per_account,) = marks("account", 0.1)
    assert per_account.value == pytest.approx(16e6 / 24e3)
    assert [x.value for x in marks("task", 0.1)] == [50]
    assert [x.value for x in marks("benchmark_run", 0.1)] == pytest.approx([11_500])
    assert marks("benchmark_run", 0.1)[0].words == "115,000 x 0.1, the scale here: the critique"
    assert marks("session", 1.0) == []
    charts = {x.id: x for x in charts_of_runs(shown_of(made_up(), scale=0.05))}
    assert "drawn at 0.05 of it, the scale of the run" in charts["conventions"].frame.subtitle


# Helpers


def test_shares_fall_from_all_and_keep_both_ends() -> None:
    many = distribution(*range(1, 5_001))
    values, shares = at_least(many)
    assert len(values) < 130
    assert (values[0], values[-1]) == (1, 5_000)
    assert [shares[0], shares[-1]] == pytest.approx([1, 1 / 5_000])
    assert all(x > y for x, y in pairwise(shares))
    for value, share in zip(values, shares, strict=True):
        assert share == pytest.approx((5_001 - value) / 5_000)


def test_labels_move_apart_and_keep_their_order() -> None:
    heights = apart([0.1, 0.1, 0.12, 0.8], 0.05)
    assert heights == sorted(heights)
    assert min(np.diff(heights)) > 0.049
    assert heights[-1] == 0.8
