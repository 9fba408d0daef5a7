"""The verbs run and counts, as a user meets them."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path

import pytest

from sim.tables.conventions import COUNTED
from tests.support.commands import LOG, TINY, logged, refused, sim
from tests.support.scenarios import digests, read

# run


def test_run_says_what_was_requested_and_achieved(here: Path) -> None:
    result = sim("run", "tiny.yaml")
    assert (result.exit_code, result.stderr) == (0, "")
    first, header, *rows = [line.split() for line in result.stdout.splitlines()]
    assert first[:3] == ["runs/tiny:", f"{logged(here / 'out'):,}", "exchanges"]
    assert first[3:] == ["(C1),", "seed", "7"]
    assert header[:5] == ["actor", "typology", "requested", "achieved", "of"]
    assert [row[0] for row in rows] == ["coders", "laboratory", "pool"]
    assert rows[1][1:5] == ["L04", "60", "60", "tasks"]
    assert rows[2][1:3] == ["A16", "500"]
    assert digests(here / "runs" / "tiny") == digests(here / "out")


def test_run_json(here: Path) -> None:
    result = sim("run", "tiny.yaml", "-o", "again", "--json")
    said = json.loads(result.stdout)
    assert (said["run"], said["seed"], said["exchanges"]) == ("again", 7, logged(here / "out"))
    pool = said["actors"][2]
    assert (pool["unit"], pool["requested"]) == ("answered exchanges", 500)
    assert sum(actor["exchanges_in_log"] for actor in said["actors"]) == said["exchanges"]


@pytest.mark.parametrize("fmt", ["csv", "jsonl"])
def test_text_formats_count_alike(here: Path, fmt: str) -> None:
    assert sim("run", "tiny.yaml", "-o", fmt, "--format", fmt).exit_code == 0
    assert (here / fmt / f"{LOG}.{fmt}").exists()
    assert not list((here / fmt).rglob("*.parquet"))
    assert sim("counts", fmt, "--json").stdout == sim("counts", "out", "--json").stdout


def test_csv_holds_names_and_readable_values(here: Path) -> None:
    sim("run", "tiny.yaml", "-o", "csv", "--format", "csv", "--columns", "core")
    text = (here / "csv" / f"{LOG}.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == logged(here / "out")
    assert len(rows[0]) == 20
    assert rows[0]["exchange_id"].startswith("req_")
    assert rows[0]["ts_start"].startswith("2026-02-02T00:")
    assert rows[0]["ts_start"].endswith("Z")
    assert [row["ts_start"] for row in rows] == sorted(row["ts_start"] for row in rows)


def test_dry_run_writes_nothing(here: Path) -> None:
    result = sim("run", "tiny.yaml", "-n", "-o", "new")
    first, *lines, last = result.stdout.splitlines()
    assert first == "new: would hold 3 actors, 52 accounts, 1 d from 2026-02-02, seed 7"
    known = ["shards", "parts", "exchanges", "disk", "memory", "time"]
    assert [line.split()[0] for line in lines] == known
    assert last == "estimated from 3 shards that were simulated to find out"
    assert not (here / "new").exists()


def test_a_missing_seed_is_drawn_shown_and_recorded(here: Path) -> None:
    (here / "free.yaml").write_text(TINY.replace("seed: 7\n", ""), encoding="utf-8")
    result = sim("run", "free.yaml", "-o", "free", "--json")
    manifest = json.loads((here / "free" / "manifest.json").read_text())
    assert json.loads(result.stdout)["seed"] == manifest["seed"] == manifest["scenario"]["seed"]
    assert sim("verify", "free", "--rerun").exit_code == 0


def test_a_folder_that_holds_a_run_needs_force(here: Path) -> None:
    before = digests(here / "out")
    message = "out: folder is not empty; choose another, or replace a run with --force\n"
    assert refused(sim("run", "tiny.yaml", "-o", "out", "--seed", "8")) == message
    assert digests(here / "out") == before
    assert sim("run", "tiny.yaml", "-o", "out", "--seed", "8", "--force").exit_code == 0
    assert digests(here / "out") != before
    assert sim("verify", "out").exit_code == 0


def test_force_spares_what_is_no_run(here: Path) -> None:
    (here / "mine").mkdir()
    (here / "mine" / "thesis.txt").write_text("precious")
    result = sim("run", "tiny.yaml", "-o", "mine", "--force")
    assert refused(result) == "mine: holds no run of sim; --force replaces only a run\n"
    assert (here / "mine" / "thesis.txt").read_text() == "precious"


def test_a_file_as_out_is_refused(here: Path) -> None:
    message = "tiny.yaml: is a file; give a folder for the run\n"
    assert refused(sim("run", "tiny.yaml", "-o", "tiny.yaml")) == message
    assert (here / "tiny.yaml").read_text() == TINY


def test_an_invalid_scenario_writes_nothing(here: Path) -> None:
    result = sim("run", "tiny.yaml", "-o", "new", "--set", "actors.pool.accounts=0")
    assert refused(result).startswith("--set actors.pool.accounts=0: actors.pool.accounts: should")
    assert not (here / "new").exists()


def test_out_comes_from_the_environment(here: Path) -> None:
    assert sim("run", "tiny.yaml", env={"SIM_OUT": "elsewhere"}).exit_code == 0
    assert (here / "elsewhere" / "manifest.json").exists()


@pytest.mark.usefixtures("here")
def test_an_impossible_target_warns_with_the_number_reached() -> None:
    result = sim(
        *("run", "tiny.yaml", "-o", "small", "--json"),
        *("--set", "actors.pool.workers=1", "--set", "actors.pool.target_exchanges=1e6"),
    )
    assert result.exit_code == 0
    pool = json.loads(result.stdout)["actors"][2]
    achieved = pool["achieved"]
    assert 0 < achieved < 100_000
    assert pool["shortfall"] == 1_000_000 - achieved
    assert result.stderr == (
        f"warning: pool: {achieved:,} of 1,000,000 answered exchanges requested "
        f"({achieved / 1e6:.1%}) were done when the log closed; tasks given up: 0, "
        "cut off by the end of the log: 1; give it more workers, more accounts that stay, or "
        "a longer clock\n"
    )


@pytest.mark.usefixtures("here")
def test_more_runs_than_time_allows_warn_in_tasks() -> None:
    result = sim(
        *("run", "tiny.yaml", "-o", "small"),
        *("--set", "actors.laboratory.workers=1", "--set", "actors.laboratory.runs=1000"),
    )
    assert result.exit_code == 0
    done = tasks_of("small", "laboratory").count("finished")
    assert result.stderr == (
        f"warning: laboratory: {done:,} of 30,000 tasks requested ({done / 3e4:.1%}) were done "
        "when the log closed; tasks given up: 0, cut off by the end of the log: 1, "
        f"not begun: {29_999 - done:,}; give it more workers, more accounts that stay, or a longer "
        "clock\n"
    )


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("dials", "remedy"),
    [
        (
            ("actors.laboratory.on_failure=give_up",),
            "let it resume what fails (on_failure: resume) or raise its limits (tier)",
        ),
        (
            ("actors.laboratory.on_failure=give_up", "actors.laboratory.tier=none"),
            "let it resume what fails (on_failure: resume)",
        ),
        (
            ("actors.laboratory.on_failure=resume", "world.timeout=4 s", "world.overload=0"),
            "let its calls take longer (world.timeout)",
        ),
    ],
)
def test_what_was_given_up_asks_for_another_remedy(dials: tuple[str, ...], remedy: str) -> None:
    changes = ["world.overload=0.4", "actors.laboratory.starts=0 s", *dials]
    result = sim(
        *("run", "tiny.yaml", "-o", "small"), *(x for text in changes for x in ("--set", text))
    )
    assert result.exit_code == 0
    states = tasks_of("small", "laboratory")
    done, given_up = states.count("finished"), states.count("given_up")
    assert done + given_up == 60 > done
    assert result.stderr.splitlines()[0] == (
        f"warning: laboratory: {done} of 60 tasks requested ({done / 60:.1%}) were done when the "
        f"log closed; tasks given up: {given_up}, cut off by the end of the log: 0, not begun: 0; "
        f"{remedy}"
    )


@pytest.mark.usefixtures("here")
def test_what_was_given_up_and_what_was_cut_off_ask_for_both_remedies() -> None:
    result = sim(
        *("run", "tiny.yaml", "-o", "small", "--set", "world.overload=0.4"),
        *("--set", "actors.pool.workers=1", "--set", "actors.pool.target_exchanges=1e6"),
        *("--set", "actors.pool.on_failure=give_up", "--set", "actors.pool.starts=0 s"),
    )
    states = tasks_of("small", "pool")
    assert states.count("cut_off") == 1
    assert result.stderr.splitlines()[-1].endswith(
        f"; tasks given up: {states.count('given_up'):,}, cut off by the end of the log: 1; "
        "let it resume what fails (on_failure: resume) or raise its limits (tier), "
        "and give it more workers, more accounts that stay, or a longer clock"
    )


def test_run_reads_standard_input(here: Path) -> None:
    assert sim("run", "-", "-o", "piped", input=TINY).exit_code == 0
    assert digests(here / "piped") == digests(here / "out")


def tasks_of(run: str, actor: str) -> list[str]:
    """How each task of an actor that was asked for ended."""
    tasks = read(Path(run), "truth/tasks")
    return [str(x) for x in tasks["state"][(tasks["actor_id"] == actor) & (tasks["run"] >= 0)]]


# counts


def test_counts_of_a_run(here: Path) -> None:
    result = sim("counts", "out")
    assert (result.exit_code, result.stderr) == (0, "")
    blocks = [block.splitlines() for block in result.stdout.split("\n\n")]
    titles = [block[0].split("  ")[0] for block in blocks]
    assert titles[0] == "total"
    assert titles[1].startswith("per account (")
    units = ["per task", "per session", "per account", "per account and day", "per benchmark run"]
    assert titles[2:7] == [f"C2 {unit}" for unit in units]
    assert titles[7:10] == ["by typology", "by actor", "by day"]
    assert blocks[10][0].startswith("note: A session is a conversation_id, which only some clients")
    assert max(map(len, result.stdout.splitlines())) <= 100
    lines = [re.split(r"  +", line) for line in blocks[0][1:]]
    total = {line[0]: line[1] for line in lines}
    assert list(total) == list(COUNTED)
    assert total["C1"] == f"{logged(here / 'out'):,}"
    assert int(total["C1"].replace(",", "")) > int(total["C2"].replace(",", ""))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("by", "titles"),
    [
        ("actor", ["C2 per task", "C2 per session", "C2 per account", "C2 per account and day"]),
        ("account", ["per account", "C2 per account", "C2 per account and day", "note"]),
        ("day", ["by day"]),
        ("hour", ["by hour"]),
    ],
)
def test_counts_by_one_grouping_alone(by: str, titles: list[str]) -> None:
    result = sim("counts", "out", "--by", by)
    assert (result.exit_code, result.stderr) == (0, "")
    first = [block.splitlines()[0] for block in result.stdout.split("\n\n")]
    found = [re.split(r"  |: | \(", line)[0] for line in first]
    assert found[: 1 + len(titles)] == ["total", *titles]


@pytest.mark.usefixtures("here")
def test_typologies_group_tasks_too_in_text_and_json() -> None:
    shown = sim("counts", "out", "--by", "typology").stdout
    table = next(block for block in shown.split("\n\n") if block.startswith("C2 per task"))
    counted = json.loads(sim("counts", "out", "--by", "typology", "--json").stdout)
    assert (counted["by"], counted["timezone"]) == ("typology", "UTC")
    assert set(counted["distributions"]["task"]) == {"L01", "L04", "A16"}
    for group, row in counted["distributions"]["task"].items():
        cells = next(line for line in table.splitlines() if line.startswith(group)).split()
        assert cells[1] == f"{row['units']:,}"
        assert cells[6] == f"{row['max']:,.0f}"


@pytest.mark.usefixtures("here")
def test_days_and_hours_are_those_of_the_time_zone() -> None:
    """The log is the second of February in UTC, which ends twelve hours later in the far west."""
    for zone, days in (("UTC", ["2026-02-02"]), ("Etc/GMT+12", ["2026-02-01", "2026-02-02"])):
        counted = json.loads(sim("counts", "out", "--timezone", zone, "--json").stdout)
        assert (list(counted["by_day"]), counted["timezone"]) == (days, zone)
        assert next(iter(counted["by_clock_hour"])).startswith(days[0])
        for groups in (counted["by_day"], counted["by_clock_hour"]):
            assert sum(day["C6"] for day in groups.values()) == counted["total"]["C6"]


@pytest.mark.usefixtures("here")
def test_what_counts_cannot_be_grouped_by_or_timed_in_is_refused() -> None:
    assert refused(sim("counts", "out", "--timezone", "Mars/Phobos")).startswith(
        "timezone Mars/Phobos: there is no such zone; give UTC or a name of the IANA database such "
        "as "
    )
    assert "'week' is not one of 'actor', 'typology', 'account', 'day', 'hour'" in refused(
        sim("counts", "out", "--by", "week")
    )


@pytest.mark.usefixtures("here")
def test_conventions_count_what_they_say() -> None:
    """Where much fails and caches are warmed, no two that differ in what they count agree."""
    failing = (
        "world.overload=0.4",
        "actors.coders.on_failure=give_up",
        "actors.coders.prewarm_share=0.3",
    )
    changes = [word for change in failing for word in ("--set", change)]
    assert sim("run", "tiny.yaml", "-o", "failing", *changes).exit_code == 0
    total = json.loads(sim("counts", "failing", "--json").stdout)["total"]
    assert len({total[c] for c in ("C1", "C2", "C3", "C5", "C6")}) == 5


@pytest.mark.usefixtures("here")
def test_counts_json_adds_up() -> None:
    """Every way to group gives the same totals."""
    counted = json.loads(sim("counts", "out", "--json").stdout)
    assert counted["conventions"] == COUNTED
    for group in ("by_day", "by_clock_hour", "by_typology", "by_actor"):
        for convention, total in counted["total"].items():
            assert sum(c[convention] for c in counted[group].values()) == total


def test_counts_without_the_truth(here: Path) -> None:
    shutil.rmtree(here / "out" / "truth")
    counted = json.loads(sim("counts", "out", "--json").stdout)
    assert list(counted["total"]) == ["C1", "C2", "C3", "C4", "C5 (log)"]
    assert counted["by_actor"] == counted["by_typology"] == {}
