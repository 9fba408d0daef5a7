"""What verbs print, to the letter, of results made by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.cli.counts_command import _print_counts
from sim.cli.options import OutputForm
from sim.cli.printing import print_columns
from sim.cli.replicate_output import print_replicates
from sim.cli.run_output import print_counterfactual, print_plan, print_summary
from sim.counting import Counts, PerAccount
from sim.engine.plan import RunPlan
from sim.engine.run_summary import RunSummary
from sim.output.achieved import ActorSummary
from sim.replicates import Replicates
from sim.replicates.counts import Counted, Spread
from sim.summaries.run_figures import Distribution
from sim.summaries.run_figures import Spread as UnitSpread
from sim.tables.formats import FileRecord
from sim.tables.store import Store

POOL = ActorSummary(
    actor="pool",
    typology="A16",
    unit="answered exchanges",
    requested=1_000,
    achieved=1_000,
    exchanges_in_log=1_234,
    tasks_in_log=56,
    tasks_finished=50,
    tasks_given_up=4,
    tasks_cut_off=2,
    tasks_barred=3,
    accounts_banned=7,
    replacements=5,
    requested_given_up=0,
    requested_cut_off=0,
)
LAB = replace(POOL, actor="lab", typology="L04", unit="tasks", requested=60, achieved=60)
ASKS = {"source": "prompts", "target_exchanges": 1_000}
RESUMES = SimpleNamespace(on_failure="resume", tier="tier-4", **ASKS)
GIVES_UP = SimpleNamespace(on_failure="give_up", tier="tier-4", **ASKS)
UNLIMITED = SimpleNamespace(on_failure="give_up", tier="none", source="benchmark")
NO_TARGET = SimpleNamespace(on_failure="resume", tier="tier-4", source="prompts")
NO_TARGET.target_exchanges = None
WARNING = "were done when the log closed; tasks given up:"


def summary_of(*actors: ActorSummary, url: str = "out") -> RunSummary:
    files = tuple(FileRecord(path=name, rows=1, bytes=10, sha256="") for name in ("a", "b"))
    exchanges = sum(actor.exchanges_in_log for actor in actors)
    return RunSummary(
        Store(url), exchanges, actors, files, shards=3, parts=2, workers=4, peak_bytes=99
    )


def asked(*actors: Any) -> Any:
    return SimpleNamespace(seed=7, actors=actors, summary=lambda: "2 actors")


# columns


def test_columns_have_the_width_of_their_longest_text(capsys: Any) -> None:
    print_columns([["a", "bb", "c"], ["long", "", "d\n"], ["e", "f", ""]], indent="  ")
    assert capsys.readouterr().out == "  a     bb  c\n  long      d\\n\n  e     f\n"


# run


def test_a_finished_run_is_a_line_and_a_table(capsys: Any) -> None:
    print_summary(summary_of(POOL, LAB), asked(RESUMES, RESUMES), as_json=False)
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines() == [
        "out: 2,468 exchanges (C1), seed 7",
        "  actor  typology  requested  achieved  of                  exchanges (C1)  tasks (C6)",
        "  pool   A16       1,000      1,000     answered exchanges  1,234           56",
        "  lab    L04       60         60        tasks               1,234           56",
    ]


def test_a_finished_run_as_json(capsys: Any) -> None:
    print_summary(summary_of(POOL), asked(RESUMES), as_json=True)
    record = json.loads(capsys.readouterr().out)
    (actor,) = record.pop("actors")
    assert record == {
        "run": "out",
        "seed": 7,
        "exchanges": 1_234,
        "shards": 3,
        "parts": 2,
        "workers": 4,
        "bytes": 20,
        "peak_memory_bytes": 99,
    }
    assert actor == vars(POOL) | {"shortfall": 0, "overshoot": 0}


@pytest.mark.parametrize(
    ("actor", "scenario", "warning"),
    [
        (
            replace(POOL, achieved=500, requested_given_up=3),
            RESUMES,
            f"warning: pool: 500 of 1,000 answered exchanges requested (50.0%) {WARNING} 3, cut "
            "off by the end of the log: 0; let its calls take longer (world.timeout)",
        ),
        (
            replace(POOL, achieved=500, requested_given_up=3, requested_cut_off=1),
            GIVES_UP,
            f"warning: pool: 500 of 1,000 answered exchanges requested (50.0%) {WARNING} 3, cut "
            "off by the end of the log: 1; let it resume what fails (on_failure: resume) or raise "
            "its limits (tier), and give it more workers, more accounts that stay, or a longer "
            "clock",
        ),
        (
            replace(LAB, achieved=50, requested_given_up=2),
            UNLIMITED,
            f"warning: lab: 50 of 60 tasks requested (83.3%) {WARNING} 2, cut off by the end of "
            "the log: 0, not begun: 8; let it resume what fails (on_failure: resume), and give it "
            "more workers, more accounts that stay, or a longer clock",
        ),
        (
            replace(POOL, requested=1_000_000, achieved=999_000),
            RESUMES,
            f"warning: pool: 999,000 of 1,000,000 answered exchanges requested (99.9%) {WARNING} "
            "0, cut off by the end of the log: 0; give it more workers, more accounts that stay, "
            "or a longer clock",
        ),
        (
            replace(POOL, achieved=1_051),
            RESUMES,
            "warning: pool: 1,051 answered exchanges were done where 1,000 were requested "
            "(105.1%); the last task is not cut short: give it a target of many tasks, or shorter "
            "ones (tool_steps)",
        ),
        (
            replace(POOL, unit="expected exchanges", requested=2, achieved=0, exchanges_in_log=0),
            RESUMES,
            "warning: pool: nothing was sent (requested: 2 expected exchanges): its accounts come "
            "and go (lifetime_days), are dormant (dormant_share) or send too seldom "
            "(exchanges_per_account_day); give it more accounts or a longer clock",
        ),
    ],
)
def test_a_missed_target_or_silence_is_a_warning_with_its_remedy(
    actor: ActorSummary, scenario: Any, warning: str, capsys: Any
) -> None:
    print_summary(summary_of(actor), asked(scenario), as_json=False)
    assert capsys.readouterr().err == f"{warning}\n"


@pytest.mark.parametrize(
    ("actor", "scenario"),
    [
        (replace(POOL, achieved=1_050), RESUMES),
        (replace(POOL, requested=1_000_000, achieved=999_001), RESUMES),
        (replace(POOL, unit="expected exchanges", achieved=9), RESUMES),
        (replace(POOL, achieved=500), NO_TARGET),
    ],
)
def test_a_little_more_or_less_is_no_warning_and_a_rate_has_no_target(
    actor: ActorSummary, scenario: Any, capsys: Any
) -> None:
    print_summary(summary_of(actor), asked(scenario), as_json=False)
    assert capsys.readouterr().err == ""


def test_what_enforcement_changed_is_shown_for_each_actor(capsys: Any) -> None:
    without = replace(POOL, exchanges_in_log=1_300)
    print_counterfactual(summary_of(POOL), summary_of(without, url="cf"), 7, as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "out: 1,234 exchanges (C1), seed 7",
        "cf: 1,300 exchanges (C1) without enforcement",
        "  actor  typology  exchanges (C1)  without  change  banned  replaced",
        "  pool   A16       1,234           1,300    -66     7       5",
    ]
    print_counterfactual(summary_of(POOL), summary_of(without, url="cf"), 7, as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "run": "out",
        "counterfactual": "cf",
        "seed": 7,
        "actors": [
            {
                "actor": "pool",
                "typology": "A16",
                "exchanges": 1_234,
                "exchanges_without": 1_300,
                "accounts_banned": 7,
                "replacements": 5,
                "tasks_barred": 3,
            }
        ],
    }


PLAN = RunPlan(
    shards=1_200,
    parts=3,
    exchanges=123_456,
    disk_bytes=987_654,
    peak_disk_bytes=1_234_567,
    memory_bytes=2_345_678_901,
    seconds=89.9,
    workers=2,
    tried=(0, 4),
    not_tried=(),
)


def plan_lines(capsys: Any, **changes: Any) -> list[str]:
    print_plan(replace(PLAN, **changes), asked(), "out\n", as_json=False)
    return list(capsys.readouterr().out.splitlines())


def test_a_plan_has_two_figures_of_everything(capsys: Any) -> None:
    assert plan_lines(capsys) == [
        "out\\n: would hold 2 actors, seed 7",
        "  shards     1,200",
        "  parts      3",
        "  exchanges  about 120,000 (C1)",
        "  disk       about 990 kB; 1.2 MB while it runs",
        "  memory     about 2.3 GB for each of 2 processes",
        "  time       about 90 s",
        "estimated from 2 shards that were simulated to find out",
    ]


def test_a_plan_in_other_units(capsys: Any) -> None:
    lines = plan_lines(
        capsys,
        disk_bytes=999_999,
        peak_disk_bytes=4_000_000_000_000,
        memory_bytes=500,
        workers=1,
        seconds=90.0,
        tried=(0,),
        not_tried=tuple("abcdefgh"),
    )
    assert lines[4] == "  disk       about 1 MB; 4e+03 GB while it runs"
    assert lines[5:7] == ["  memory     about 0.5 kB", "  time       about 1 min"]
    assert lines[7] == (
        "estimated from 1 shard that was simulated to find out; not tried as a whole: "
        "a, b, c, d, e, f, g, h"
    )
    lines = plan_lines(capsys, seconds=5_400.0, not_tried=tuple("abcdefghij"))
    assert lines[6] == "  time       about 1.5 h"
    assert lines[7].endswith(": a, b, c, d, e, f, g, h and 2 more")
    assert plan_lines(capsys, seconds=0.1)[6] == "  time       about 1 s"
    assert plan_lines(capsys, seconds=5_399.0)[6] == "  time       about 90 min"


def test_a_plan_as_json(capsys: Any) -> None:
    print_plan(PLAN, asked(), "out", as_json=True)
    record = json.loads(capsys.readouterr().out)
    assert (record["run"], record["seed"], record["exchanges"]) == ("out", 7, 123_456)
    assert set(record) == {"run", "seed", *vars(PLAN)}


# counts


def per_unit(group: str) -> Any:
    """What a summary says of tasks: 1,000 of two exchanges, one of three and one of nine."""
    tasks = Distribution(np.array([2, 3, 9]), np.array([1_000, 1, 1]))
    quantiles = {"p50": 0.0, "p90": 0.0, "p99": 0.0, "max": 0.0}
    return SimpleNamespace(
        groups=("idle", group),
        distributions={"task": {group: tasks}},
        tokens={"task": {group: UnitSpread(units=1_002, mean=1_234_567.0, **quantiles)}},
        cost_usd={"task": {group: UnitSpread(units=1_002, mean=0.5, **quantiles)}},
        left_out=("Nothing is counted per session.",),
    )


NOTHING: Any = SimpleNamespace(groups=(), distributions={}, tokens={}, cost_usd={}, left_out=())


def test_counts_are_shown_in_total_over_accounts_and_by_group(capsys: Any) -> None:
    spread = PerAccount(accounts=2, mean=600.25, quantiles={"p50": 600.0}, max=1_100)
    counts = Counts(
        total={"C1": 1_200, "C2": 7},
        by_day={"2026-02-02": {"C1": 1_200, "C2": 7}},
        by_clock_hour={"2026-02-02T07:00": {"C1": 1_200, "C2": 7}},
        by_account={"C1": spread},
        by_typology={},
        by_actor={"pool": {"C1": 1_200}},
        summary=per_unit("pool"),
    )
    _print_counts(counts)
    assert capsys.readouterr().out.splitlines() == [
        "total",
        "C1     1,200  HTTP attempts, errors and retries included",
        "C2     7      answered requests",
        "",
        "per account (2)  mean   p50  max",
        "C1               600.2  600  1,100",
        "",
        "C2 per task  number  mean  p50  p90  p99  max  tokens, mean  USD, mean",
        "pool         1,002   2.0   2    2    2    9    1.23 M        0.50",
        "",
        "by actor  C1",
        "pool      1,200",
        "",
        "by day      C1     C2",
        "2026-02-02  1,200  7",
        "",
        "note: Nothing is counted per session.",
    ]
    bare = replace(counts, by_account={}, by_day={}, by_actor={}, summary=NOTHING)
    _print_counts(bare)
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_long_names_are_cut_so_that_tables_fit_the_width(capsys: Any) -> None:
    """Only names are: where numbers need more than the width, a row is a paragraph."""
    name = "a" * 40 + "b" * 24
    counted = {f"C{k}": 10**8 for k in range(1, 7)}
    counts = Counts(counted, {}, {}, {}, {}, {name: counted, "pool": counted}, per_unit(name))
    _print_counts(counts, "actor")
    lines = capsys.readouterr().out.splitlines()
    assert [len(line) for line in lines if "aa.." in line or "..b" in line] == [95, 100]
    assert max(map(len, lines)) == 100
    counts = replace(counts, by_actor={name: dict.fromkeys(counted, 10**15)})
    _print_counts(counts, "actor")
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 100
    assert f"{'a' * 9}..{'b' * 9}, 1,000,000,000,000,000, 1,0" in said


# replicate


def replicates(*counts: int, name: str = "few") -> Replicates:
    """Replicates of one actor, all of whose counts are `counts`, on ten accounts."""
    counted = [
        Counted(number, 10 + number, np.full((1, 6), count), [6 * [Spread(10, 1.5, 2, 3, 4, 5)]])
        for number, count in enumerate(counts)
    ]
    return Replicates(name, ("pool",), tuple(counted))


TEXT = OutputForm(as_json=False, as_csv=False, for_spreadsheets=False)


def printed(capsys: Any, *counted: Replicates, form: OutputForm = TEXT) -> str:
    first, other = counted if len(counted) == 2 else (counted[0], None)
    print_replicates(first, 7, other, "few key=1", 0.9, form)
    return str(capsys.readouterr().out)


def test_replicates_are_shown_with_intervals(capsys: Any) -> None:
    lines = printed(capsys, replicates(1_000, 1_200)).splitlines()
    head = "  actor  convention  mean     interval          sd     p2.5   p50    p97.5"
    assert lines[:5] == [
        "few: 2 replicates from seed 7",
        "",
        "exchanges by actor; mean with its 90% interval",
        head,
        "  pool   C1          1,100.0  468.6 to 1,731.4  141.4  1,005  1,100  1,195",
    ]
    second = lines.index("median over the accounts of an actor")
    assert lines[second - 1] == ""
    assert lines[second + 2].split() == ["pool", "C1", "2.0", "2.0", "to", "2.0", "0.0", *"222"]
    assert len(lines) == second + 2 + 6


def test_one_replicate_has_no_interval(capsys: Any) -> None:
    lines = printed(capsys, replicates(1_000)).splitlines()
    assert lines[0] == "few: 1 replicate from seed 7"
    assert lines[4].split()[:5] == ["pool", "C1", "1,000.0", "-", "nan"]


def test_pairs_are_shown_as_differences(capsys: Any) -> None:
    lines = printed(capsys, replicates(1_000, 1_200), replicates(1_100, 1_200)).splitlines()
    assert lines[:3] == [
        "few key=1 - few: 2 replicates, the same random numbers",
        "sd of the pairs beside that of independent runs; 90% intervals",
        "",
    ]
    assert lines[3].split()[:6] == [
        "actor",
        "convention",
        "this",
        "other",
        "difference",
        "interval",
    ]
    row = ["pool", "C1", "1,100.0", "1,150.0", "+50.0", "-265.7", "to", "365.7", "70.7", "158.1"]
    assert lines[4].split() == row


def test_replicates_as_json_have_null_for_what_is_not_known(capsys: Any) -> None:
    form = replace(TEXT, as_json=True)
    record = json.loads(printed(capsys, replicates(1_000), form=form))
    assert (record["scenario"], record["confidence"], record["differences"]) == ("few", 0.9, None)
    assert record["replicates"] == [{"replicate": 0, "seed": 10}]
    assert (record["estimates"][0]["mean"], record["estimates"][0]["low"]) == (1_000.0, None)
    record = json.loads(printed(capsys, replicates(1, 3), replicates(2, 3), form=form))
    assert record["differences"][0]["difference"] == 0.5


def test_replicates_as_csv_have_one_number_a_row(capsys: Any) -> None:
    form = replace(TEXT, as_csv=True)
    lines = printed(capsys, replicates(1_000), replicates(5, name="=more"), form=form).splitlines()
    assert lines[:2] == [
        "scenario,replicate,seed,actor,convention,what,value",
        "few,0,10,pool,C1,exchanges,1000",
    ]
    assert "few,0,10,pool,C1,p50 per account,2" not in lines
    assert "few,0,10,pool,C1,p50,2" in lines
    assert "=more,0,10,pool,C1,exchanges,5" in lines
    form = replace(TEXT, for_spreadsheets=True)
    spreadsheet = printed(capsys, replicates(5, name="=more"), form=form)
    assert "'=more,0,10,pool,C1,exchanges,5" in spreadsheet
