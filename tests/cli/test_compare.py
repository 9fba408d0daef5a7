"""`sim compare` as a user meets it: answers, formats, files of one's own, and wrong use."""

from __future__ import annotations

import csv
import html
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from sim import open_run
from sim.cli.main import cli
from sim.comparison import SECTIONS, load_library
from tests.support.commands import runner

Invoke = Callable[..., Result]
QUICK = ("--draws", "300")
BENCHMARK = ("--hypothesis", "benchmarking")


@pytest.fixture(scope="module")
def whole() -> dict[str, object]:
    """All that `sim compare --json` says, with few draws."""
    some = ("--hypothesis", "benchmarking", "--hypothesis", "resale")
    result = runner().invoke(cli, ["compare", "--json", *some, *QUICK])
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


@pytest.fixture
def sim() -> Invoke:
    def invoke(*words: str, code: int = 0) -> Result:
        result = runner().invoke(cli, ["compare", *words])
        assert result.exit_code == code, result.output
        return result

    return invoke


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    scenario = folder / "two.yaml"
    scenario.write_text(
        "version: 1\nname: two\nseed: 4\nclock: {start: 2026-02-02, duration: 3 d}\nactors:\n"
        "  - {id: laboratory, typology: L04, accounts: 1, benchmark: swe-bench-lite,"
        " agent: mini-swe-agent, model: claude-opus-4.5, runs: 1}\n"
        "  - {id: pool, typology: A16, accounts: 20, target_exchanges: 2k}\n"
    )
    made = runner().invoke(cli, ["run", str(scenario), "-o", str(folder / "two"), "-q"])
    assert made.exit_code == 0, made.output
    return folder / "two"


def tables(result: Result) -> dict[str, list[dict[str, object]]]:
    return {x["id"]: x["rows"] for x in json.loads(result.stdout)["tables"]}


# What it says


def test_it_says_first_what_a_count_cannot_tell(sim: Invoke) -> None:
    said = " ".join(sim("--only", "claims", *QUICK).stdout.split())
    assert said.startswith("Before you read on - A count of exchanges does not identify an intent")
    assert "allegations by an interested party" in said
    for section in ("odds", "needed"):
        assert f"{section}: {SECTIONS[section].question}" not in said


def test_every_section_has_a_table_and_a_finding(whole: dict[str, object]) -> None:
    made = whole["tables"]
    assert isinstance(made, list)
    assert {x["section"] for x in made} == set(SECTIONS)
    for x in made:
        assert len(x["finding"]) > 20, x["id"]
        assert x["rows"], x["id"]
        assert len({c["key"] for c in x["columns"]}) == len(x["columns"]), x["id"]
    findings = whole["findings"]
    assert isinstance(findings, list)
    assert len(findings) == len(set(findings)) >= 10


def test_figures_of_chance_come_with_ranges(whole: dict[str, object]) -> None:
    made = {x["id"]: x for x in whole["tables"]}  # type: ignore[attr-defined]
    for id_, low, middle, high in (
        ("odds", "ratio_low", "ratio", "ratio_high"),
        ("needed", "needed_p05", "needed_median", "needed_p95"),
        ("predictions", "count_p05", "count_median", "count_p95"),
        ("prior-odds", "needed_low", "needed", "needed_high"),
        ("growing", "if_accused_p05", "if_accused", "if_accused_p95"),
    ):
        for row in made[id_]["rows"]:
            assert row[low] <= row[middle] <= row[high], (id_, row)


def test_settings_are_said(whole: dict[str, object]) -> None:
    settings = whole["settings"]
    assert isinstance(settings, dict)
    assert (settings["draws"], settings["seed"], settings["reading"]) == (300, 0, "rounded")
    assert settings["sets"][0] == {"centre": 1.0, "width": 1.0, "weights": "stated"}
    assert len(settings["sets"]) == len(load_library().prior_sets)
    assert settings["accused"] == "extraction"


@pytest.mark.verify
def test_a_posterior_comes_only_for_given_prior_odds(sim: Invoke) -> None:
    words = ("--only", "odds", "--json", "A4", "--hypothesis", "benchmarking", *QUICK)
    assert "posterior" not in tables(sim(*words))
    found = tables(sim(*words, "--prior-odds", "extraction=3"))["posterior"]
    assert {x["explanation"]: x["prior"] for x in found} == {"benchmarking": 1.0, "extraction": 3.0}
    assert sum(float(str(x["posterior"])) for x in found) == pytest.approx(1)


def test_csv_and_json_hold_the_same_numbers(sim: Invoke) -> None:
    words = ("--only", "needed", "A4", *QUICK)
    rows = list(csv.DictReader(io.StringIO(sim(*words, "--csv").stdout)))
    assert list(rows[0]) == ["table", "row", "quantity", "unit", "value"]
    by_name = {(x["row"], x["quantity"]): x["value"] for x in rows}
    assert len(by_name) == len(rows), "a row and a quantity name one value"
    needed = tables(sim(*words, "--json"))["needed"]
    for x in needed:
        name = f"{x['claim']}/{x['explanation']}/{x['convention']}"
        assert by_name[name, "needed_median"] == f"{x['needed_median']:.6g}"
    assert {x["convention"] for x in needed} == {"C1", "C2", "C3", "C4", "C5", "C6"}


@pytest.mark.verify  # of one section: the test before
def test_the_whole_csv_names_every_value_once(sim: Invoke) -> None:
    words = ("--csv", "--hypothesis", "resale", "--hypothesis", "product-use", *QUICK)
    rows = list(csv.DictReader(io.StringIO(sim(*words).stdout)))
    names = [(x["table"], x["row"], x["quantity"]) for x in rows]
    assert len(set(names)) == len(names)


def test_the_same_seed_gives_the_same_bytes(sim: Invoke) -> None:
    words = ("--only", "predictions", "--hypothesis", "benchmarking", "--csv", *QUICK)
    assert sim(*words).stdout == sim(*words).stdout
    assert sim(*words).stdout != sim(*words, "--seed", "1").stdout


def test_a_change_of_a_prior_changes_the_answer(sim: Invoke) -> None:
    words = ("--only", "needed", "A4", "--hypothesis", "benchmarking", "--json", *QUICK)
    stated = tables(sim(*words))["needed"]
    changed = tables(sim(*words, "--set", "evaluations.runs=30"))["needed"]
    of = {x["explanation"]: x["prior_median"] for x in changed}
    assert of["benchmarking"] == 30
    assert {x["explanation"]: x["prior_median"] for x in stated}["benchmarking"] != 30


@pytest.mark.verify
def test_the_reading_of_over_can_be_changed(sim: Invoke) -> None:
    words = ("--only", "odds", "A4", "--hypothesis", "benchmarking", "--json", *QUICK)
    rounded, least = (tables(sim(*words, "--reading", x))["odds"] for x in ("rounded", "at-least"))
    assert rounded[0]["ratio"] != least[0]["ratio"]


def test_all_claims_with_a_count(sim: Invoke) -> None:
    found = tables(sim("all", "--only", "claims", "--json", *QUICK))["claims"]
    counted = {str(x["claim"]) for x in found if x["metric"] in ("exchanges", "prompts")}
    assert counted == {"A1", "A3", "A4", "A5", "G1", "L1", "S1", "S5", "S8", "S9", "S12"}
    assert all(x["not_said"] for x in found)


def test_charts_and_page_are_written_where_it_is_told(sim: Invoke, tmp_path: Path) -> None:
    page, charts = tmp_path / "new" / "page.html", tmp_path / "other" / "charts"
    words = ("--only", "needed", "--hypothesis", "benchmarking", *QUICK)
    said = sim(*words, "--charts", str(charts), "--html", str(page)).stderr
    assert said == f"charts: 3 files in {charts}\npage: {page}\n"
    assert sorted(x.name for x in charts.iterdir()) == ["needed.csv", "needed.png", "needed.svg"]
    assert (charts / "needed.png").read_bytes()[1:4] == b"PNG"
    text = page.read_text(encoding="utf-8")
    assert "A count does not identify an intent" in text
    assert "allegations by an interested party" in text
    assert "--html page.html" in text


def test_charts_are_of_the_formats_that_are_asked_for(sim: Invoke, tmp_path: Path) -> None:
    words = ("--only", "needed", "--hypothesis", "benchmarking", *QUICK, "--charts", str(tmp_path))
    sim(*words, "--format", "PDF, pdf")
    assert {x.suffix for x in tmp_path.iterdir()} - {".csv"} == {".pdf"}


def test_a_number_of_ones_own_is_compared_and_the_page_says_how(
    sim: Invoke, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    words = ("3.4 million", "--accounts", "200..1000", "--days", "60", "--html", str(page))
    found = tables(sim(*words, "--only", "claims", *BENCHMARK, *QUICK, "--json"))["claims"]
    assert [(x["claim"], x["figure"], x["window_days"]) for x in found] == [
        ("3.4 million", "approximately 3,400,000 exchanges", 60),
        ("3.4 million accounts", "between 200 and 1,000 accounts", 60),
    ]
    command = html.unescape(page.read_text(encoding="utf-8"))
    assert "sim compare '3.4 million' --hypothesis" in command
    assert "--accounts 200..1000 --days 60 --draws 300" in command


# From runs


def test_a_run_stands_in_place_of_claims(sim: Invoke, run: Path) -> None:
    words = ("--only", "odds", "--hypothesis", "resale", "--json", *QUICK)
    found = tables(sim(str(run), *words))
    assert [x["run"] for x in found["runs"]] == [str(run)]
    row = found["runs"][0]
    sent = open_run(run).pandas(columns=["account_id"])["account_id"].nunique()
    assert row["accounts"] == sent
    assert 15 < sent <= 21
    counts = {str(x["convention"]): float(str(x["count"])) for x in found["run-counts"]}
    assert list(counts) == ["C1", "C2", "C3", "C4", "C5", "C5 (log)", "C6"]
    assert counts["C1"] >= counts["C2"] >= counts["C3"]
    assert {x["of_A4"] for x in found["run-counts"] if x["convention"] == "C2"} == {
        counts["C2"] / 3.4e6
    }
    assert {x["cluster"] for x in found["odds"]} == {str(run)}


def test_actors_are_weighed_by_themselves(sim: Invoke, run: Path) -> None:
    words = (str(run), "--by-actor", "--only", "odds", "--json", "--prior-odds", "extraction=1")
    some = (*BENCHMARK, "--hypothesis", "product-use", "--draws", "1000")
    found = tables(sim(*words, *some))
    assert [x["truth"] for x in found["runs"]] == ["L04 100 %", "A16 100 %"]
    likeliest: dict[object, dict[str, object]] = {}
    for x in found["posterior"]:
        best = likeliest.get(x["cluster"])
        if best is None or float(str(x["posterior"])) > float(str(best["posterior"])):
            likeliest[x["cluster"]] = x
    truth = {str(x["run"]).rsplit(":", 1)[1]: x for x in found["truth"]}
    assert (truth["laboratory"]["true"], truth["pool"]["true"]) == ("benchmarking", "extraction")
    laboratory, pool = (likeliest[f"{run}:{x}"]["explanation"] for x in ("laboratory", "pool"))
    assert laboratory in ("benchmarking", "permitted-generation", "product-use")
    assert pool in ("extraction", "resale", "product-use")


def test_without_truth_actors_cannot_be_told_apart(sim: Invoke, run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    shutil.rmtree(copy / "truth")
    words = ("--only", "odds", "--hypothesis", "resale", *QUICK)
    assert sim(str(copy), *words).exit_code == 0
    said = sim(str(copy), "--by-actor", "--only", "odds", *QUICK, code=2).stderr
    assert said == (
        f"{copy}: has no truth, so its actors cannot be told apart; leave out --by-actor or run it "
        "again\n"
    )


def test_an_empty_run_has_nothing_to_compare(sim: Invoke, tmp_path: Path) -> None:
    scenario = tmp_path / "none.yaml"
    scenario.write_text(
        "version: 1\nname: none\nseed: 4\nclock: {start: 2026-02-02, duration: 1 s}\nactors:\n"
        "  - {id: few, typology: L01, accounts: 1}\n"
    )
    made = runner().invoke(cli, ["run", str(scenario), "-o", str(tmp_path / "none"), "-q"])
    assert made.exit_code == 0, made.output
    said = sim(str(tmp_path / "none"), "--only", "odds", *QUICK, code=2).stderr
    assert "no answered exchange in the log; there is nothing to compare" in said


# One's own claims and explanations

MINE = """\
version: 1
claims:
  mine: {report: ours, date: 2026-10-01, actor: x, metric: exchanges, value: 2.1M, bound: over,
    unit: exchanges, source: log review}
  mine-too: {report: ours, date: 2026-10-01, actor: x, metric: accounts, value: 40, unit: accounts,
    source: log review}
"""


@pytest.mark.verify
def test_claims_of_ones_own_are_compared_with_what_they_add(sim: Invoke, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(MINE)
    words = ("--claims", str(mine), "--only", "odds", "--hypothesis", "resale", "--json", *QUICK)
    found = tables(sim(*words))["odds"]
    assert {(x["cluster"], x["known"]) for x in found} == {
        ("mine", "count"),
        ("mine", "+ accounts"),
    }
    both = tables(sim(*words, "A3"))["odds"]
    assert {x["cluster"] for x in both} == {"A3", "mine"}


def test_a_claim_of_an_unnamed_count_without_a_unit_is_refused(sim: Invoke, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    text = MINE.replace("    unit: exchanges, source: log review", "    source: log review")
    mine.write_text(text.replace("metric: exchanges", "metric: count"))
    said = sim("--claims", str(mine), code=2).stderr
    assert said == (
        f"{mine}:3:9: claims.mine: missing key 'unit'; say what is counted: exchanges, requests, "
        "prompts\n"
    )


def test_claims_that_give_no_count_have_nothing_to_compare(sim: Invoke, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(MINE[: MINE.index("  mine:")] + MINE[MINE.index("  mine-too:") :])
    said = sim("--claims", str(mine), "--only", "claims", *QUICK, code=2).stderr
    assert said == (
        "none of these claims gives a count of exchanges or prompts; add one, or name one of the "
        "catalog, such as A4\n"
    )
    assert sim("--claims", str(mine), "A3", "--only", "claims", *QUICK).exit_code == 0


def test_an_explanation_of_ones_own(sim: Invoke, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "version: 1\nhypotheses:\n  audit:\n    title: An audit\n    work: [generation]\n"
        "    lever: generation.prompts\n"
        "    access: {choice: {own-keys: 1}, status: prior, source: us}\n"
        "    uptake: {choice: {pinned: 1}, status: prior, source: us}\n"
    )
    words = ("--hypotheses", str(mine), "--hypothesis", "audit", "--only", "odds", "--json")
    found = tables(sim(*words, *QUICK))["odds"]
    assert {x["against"] for x in found} == {"audit"}


# Wrong use

WRONG = [
    (("A99",), "'A99': no run, claim or actor of that name, and no number of exchanges; known: A1"),
    (("A4", "--days", "60"), "accounts and days go with a number, such as 3.4M"),
    (("3M", "--accounts", "many"), "accounts: should be a number such as 300, 150k or"),
    (("3M", "--days", "0"), "days: should be above 0 and at most 3660, found 0"),
    (("A2",), "claim 'A2' gives accounts, not a count; counts: A1, A3, A4, A5"),
    (("O1",), "claim 'O1' gives no figure; counts: A1"),
    (("--hypothesis", "benchmarkin"), "unknown explanation 'benchmarkin'; did you mean 'benchma"),
    (("--accused", "spying"), "unknown explanation 'spying'"),
    (("--hypothesis", "extraction"), "'extraction' is alone; name at least one explanation"),
    (("--only", "odd"), "unknown section 'odd'"),
    (
        ("--prior-odds", "extraction=-1"),
        "prior odds should be a finite number above 0, found extraction=-1",
    ),
    (("--prior-odds", "extraction=inf"), "prior odds should be a finite number above 0"),
    (("--against", "nobody"), "nothing to hold against 'nobody'"),
    (
        ("--only", "odds", "--set", "published_over=1e15", "--hypothesis", "benchmarking"),
        "hardly any of its counts would be publis",
    ),
    (("--prior-odds", "nobody=2"), "unknown explanation 'nobody'"),
    (("--prior-odds", "extraction"), "'extraction' should be ID=ODDS, such as extraction=2"),
    (("--draws", "10"), "10 is not in the range 200<=x<=1000000"),
    (("--reading", "exactly"), "'exactly' is not one of 'rounded', 'at-least'"),
    (("--format", "gif"), "found 'gif'; allowed: png, svg, pdf"),
    (("--json", "--csv"), "--json and --csv exclude each other; give one of them"),
    (("--by-actor",), "by actor means that a run is taken apart; name one"),
    (("--claims", "nowhere.yaml"), "nowhere.yaml: no such file"),
    (("--hypotheses", "nowhere.yaml"), "nowhere.yaml: no such file"),
    (("nowhere",), "nowhere"),
    (
        ("--set", "evaluations.runs={normal: {mean: 5, sd: 10}}"),
        "works.evaluations.tasks.runs: allows negative values; give min: 0, or a lognormal",
    ),
    (
        ("--set", "extraction.prompts={uniform: {low: -5, high: 10}}"),
        "works.extraction.tasks.prompts: allows negative values, down to -5; give min: 0, or",
    ),
    (("--set", "found_share={uniform: {low: 0, high: 2}}"), "should stay within 0 and 1"),
    (("--set", "evaluation.runs=3"), "unknown name 'evaluation'; did you mean 'evaluations'?"),
    (("--set", "evaluations.runs"), "should be KEY=VALUE, such as evaluations.runs=30"),
]


@pytest.mark.parametrize(("words", "message"), WRONG)
def test_wrong_use_is_said_and_nothing_is_printed(
    words: tuple[str, ...], message: str, sim: Invoke
) -> None:
    result = sim(*words, code=2)
    assert message in result.stderr
    assert not result.stdout
    assert "Traceback" not in result.output


def test_several_faults_are_said_at_once(sim: Invoke) -> None:
    said = sim("--set", "evaluations.runs=-1", "--set", "found_share=2", code=2).stderr
    assert len(said.splitlines()) == 2


def test_what_cannot_be_written_is_said_before_anything_is_computed(
    sim: Invoke, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    for option, place in (("--charts", "file"), ("--html", "file/page.html")):
        said = sim(option, str(tmp_path / place), code=2)
        assert "is a file" in said.stderr
        assert not said.stdout


@pytest.mark.parametrize(("option", "place"), [("--charts", "log"), ("--html", "new/page.html")])
def test_nothing_is_written_into_a_run(sim: Invoke, run: Path, option: str, place: str) -> None:
    said = sim(str(run), option, str(run / place), *QUICK, code=2)
    assert f"{option}: {run / place} lies in the run two, which holds nothing but" in said.stderr
    assert not said.stdout
    assert not (run / "new").exists()


UNUSUAL = [
    ("--only", "pivot", "--set", "product-use.uptake=default-switch"),
    ("--only", "odds", *BENCHMARK, "--set", "families.width=[10]"),
    ("--only", "needed", "--set", "evaluations.runs={lognormal: {median: 8, sigma: 10}}"),
    ("--only", "predictions", "--set", "extraction.prompts=1e9", "--reading", "at-least"),
    (
        "--only",
        "priors-needed",
        *BENCHMARK,
        "--set",
        "benchmarking.access={choice: {own-keys: 98, pool: 2}}",
    ),
    ("--only", "odds", *BENCHMARK, "--set", "own-keys.accounts=1", "--set", "pool.accounts=1"),
]


@pytest.mark.parametrize("words", UNUSUAL)
def test_unusual_assumptions_have_an_answer(words: tuple[str, ...], sim: Invoke) -> None:
    found = json.loads(sim(*words, "--json", *QUICK).stdout)
    assert found["tables"]
    assert "Infinity" not in json.dumps(found)
    assert "NaN" not in json.dumps(found)


def test_a_rare_pool_is_as_rare_as_it_is_set(sim: Invoke) -> None:
    """One in a hundred: the ratio is that of the table of pooled shares, not that of no draws."""
    words = ("A4", "--hypothesis", "benchmarking", "--json", "--draws", "2000")
    rare = "benchmarking.access={choice: {own-keys: 99, pool: 1}}"
    found = tables(sim(*words, "--only", "priors-needed", "--only", "odds", "--set", rare))
    with_accounts = next(x for x in found["odds"] if x["known"] == "+ accounts")
    assert 10 ** float(str(with_accounts["ratio"])) == pytest.approx(
        float(str(found["pooled"][0]["pooled_0.01"])), rel=0.1
    )
    assert float(str(with_accounts["ratio"])) < 2.5


def test_nothing_is_written_when_something_is_wrong(sim: Invoke, tmp_path: Path) -> None:
    page, charts = tmp_path / "page.html", tmp_path / "charts"
    sim("A99", "--html", str(page), "--charts", str(charts), code=2)
    assert not list(tmp_path.iterdir())
