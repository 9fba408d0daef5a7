"""The verbs check, show, list and schema, and what every verb shares."""

from __future__ import annotations

import errno
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result

import sim
from sim._front.scenarios import KINDS
from sim._listing import LISTS
from sim.catalog import claims, provider, typologies
from sim.cli.group import SimGroup
from sim.cli.main import cli
from sim.comparison.schemas import claims_schema, hypotheses_schema
from sim.errors import CheckFailedError, InvalidInputError, SimError
from sim.scenario.resolved import Scenario
from tests.support.commands import runner
from tests.support.paths import CASES

HERE = CASES / "scenarios"
THREE = str(HERE / "valid" / "three.yaml")
MINIMAL = str(HERE / "valid" / "minimal.yaml")


WIDE = {"COLUMNS": "5000"}


def run(*args: str, **extra: Any) -> Result:
    return runner().invoke(cli, args, **extra)


def lines(text: str) -> list[str]:
    return text.splitlines()


# check

LIMITS = "; limits as of 2026-02-02, output counted as generated"


def test_check_prints_a_line_for_each_valid_file() -> None:
    result = run("check", THREE, MINIMAL)
    assert (result.exit_code, result.stderr) == (0, "")
    assert lines(result.stdout) == [
        f"{THREE}: ok: 3 actors, 253 accounts, 2 d from 2026-02-02{LIMITS}",
        f"{MINIMAL}: ok: 1 actor, 5 accounts, 1 d from 2026-02-02{LIMITS}",
    ]
    assert run("check", "-q", THREE).stdout == ""


def test_check_lists_every_fault_of_every_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE / "invalid")
    names = ["missing-keys", "same-id"]
    result = run("check", f"{names[0]}.yaml", MINIMAL, f"{names[1]}.yaml")
    assert result.exit_code == 2
    assert result.stdout == f"{MINIMAL}: ok: 1 actor, 5 accounts, 1 d from 2026-02-02{LIMITS}\n"
    assert result.stderr == "".join(Path(f"{name}.txt").read_text() for name in names)


def test_check_reads_standard_input() -> None:
    text = Path(MINIMAL).read_text(encoding="utf-8")
    assert run("check", "-", input=text).stdout.startswith("-: ok: 1 actor")
    result = run("check", "-", input=text + "acounts: 5\n")
    assert result.stderr.startswith("<stdin>:7:1: unknown key 'acounts'; allowed: about, actors")


def test_check_without_a_file_is_bad_usage() -> None:
    result = run("check")
    assert result.exit_code == 2
    assert "Missing argument 'SCENARIO...'" in result.stderr


# show


def test_show_prints_the_resolved_form_with_units() -> None:
    result = run("show", THREE, "--scale", "0.1", "--seed", "3", "--set", "tables.format=csv")
    expected = sim.load_scenario(THREE, scale=0.1, seed=3, overrides=["tables.format=csv"])
    assert result.exit_code == 0
    assert result.stdout == sim.show(expected)
    assert "  duration_us: 172800000000  # 2 d" in lines(result.stdout)
    assert "    # organisations: each account has its own" in lines(result.stdout)


def test_show_prints_the_world_with_units() -> None:
    shown = lines(run("show", str(HERE / "valid" / "every-key.yaml")).stdout)
    world = shown[shown.index("world:") : shown.index("actors:")]
    assert "  overload: 0.03" in world
    assert "  timeout_us: 300000000  # 5 min" in world
    assert world[world.index("  events:") + 1 :] == [
        "    - kind: incident",
        "      at_us: 136800000000  # 38 h",
        "      until_us: 144000000000  # 40 h",
        "      overload: 0.4",
        "      server_error: 0.05",
        "      slowdown: 1.5",
        "    - kind: limits",
        "      at_us: 172800000000  # 2 d",
        "      until_us: 259200000000  # 3 d",
        "      factor: 0.5",
        "    - kind: release",
        "      at_us: 259200000000  # 3 d",
        "      model: claude-opus-4.6",
        "    - kind: price",
        "      at_us: 345600000000  # 4 d",
        "      until_us: 432000000000  # 5 d",
        "      model: claude-opus-4.5",
        "      factor: 0.67",
        "    - kind: holiday",
        "      at_us: 432000000000  # 5 d",
        "      until_us: 518400000000  # 6 d",
        "      factor: 0.3",
    ]


def test_show_says_what_an_event_leaves_out() -> None:
    shown = lines(
        run("show", MINIMAL, "--set", "world.events=[{kind: price, at: 1 h, factor: 2}]").stdout
    )
    first = shown.index("  events:")
    assert shown[first + 1 : first + 6] == [
        "    - kind: price",
        "      at_us: 3600000000  # 1 h",
        "      # until_us: to the end of the log",
        "      # model: all models",
        "      factor: 2.0",
    ]
    assert "  events: []" in lines(run("show", MINIMAL).stdout)


def test_show_fills_in_an_ordinary_world() -> None:
    shown = json.loads(run("show", MINIMAL, "--json").stdout)["world"]
    known = provider()
    assert shown["overload"] == known["overload"]
    assert shown["timeout_us"] == known["timeout_s"] * 1e6
    assert shown["load"]["slowdown_at_peak"] == known["slowdown_at_peak"]
    assert shown["events"] == []


def test_show_json_is_what_from_dict_reads() -> None:
    result = run("show", THREE, "--json")
    assert Scenario.from_dict(json.loads(result.stdout)) == sim.load_scenario(THREE)


def test_show_of_an_invalid_override() -> None:
    result = run("show", THREE, "--set", "actors.coders.accounts=0")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "--set actors.coders.accounts=0: actors.coders.accounts: should be at least 1, found 0\n"
    )


def test_seed_and_scale_come_from_the_environment() -> None:
    result = run("show", MINIMAL, "--json", env={"SIM_SEED": "41", "SIM_SCALE": "2"})
    shown = json.loads(result.stdout)
    assert (shown["seed"], shown["actors"][0]["accounts"]) == (41, 10)


# list and schema


@pytest.mark.parametrize("kind", KINDS)
def test_list_has_a_line_and_a_record_for_each(kind: str) -> None:
    shown = run("list", kind, env=WIDE)
    records = json.loads(run("list", kind, "--json").stdout)
    assert shown.exit_code == 0
    assert [line.split()[0] for line in lines(shown.stdout)] == [x["id"] for x in records]


def test_a_list_folds_to_the_width_of_the_terminal() -> None:
    shown = lines(run("list", "claims", env={"COLUMNS": "60"}).stdout)
    assert max(map(len, shown)) <= 60
    assert [x.split()[0] for x in shown if not x.startswith(" ")] == list(claims())
    assert max(map(len, lines(run("list").stdout))) <= 100


def test_list_without_a_kind_shows_all() -> None:
    headings = [line[:-1] for line in lines(run("list").stdout) if not line.startswith(" ")]
    assert headings == list(KINDS) == list(LISTS)
    assert list(json.loads(run("list", "--json").stdout)) == list(KINDS)


def test_list_json_says_how_each_value_is_known() -> None:
    (model, *_) = json.loads(run("list", "models", "--json").stdout)
    assert {"measured", "reported", "prior"} >= {value["status"] for value in model["values"]}
    assert all(value["source"] for value in model["values"])


def test_list_world_shows_default_unit_and_how_it_is_known() -> None:
    shown = {line.split()[0]: line for line in lines(run("list", "world", env=WIDE).stdout)}
    timeout = ["world.timeout", "600", "s", "failures: 499", "prior: general-knowledge"]
    assert re.split("  +", shown["world.timeout"]) == timeout
    records = {x["id"]: x for x in json.loads(run("list", "world", "--json").stdout)}
    assert records["world.timeout"]["default"] == provider()["timeout_s"]
    assert records["actors[].resume_after_s"]["default"] == 60  # the same for all
    refused = records["actors[].refusal_share"]
    assert refused["default"] == "by typology"
    values = {x["of"]: x["value"] for x in refused["values"]}
    assert values == {k: v.defaults["refusal_share"] for k, v in typologies().items()}


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("A4", "exchanges 3,400,000 (reported: over)"),
        ("A6", 'accounts 300 (placeholder: "hundreds of")'),
        ("A11", 'rl_tasks_generated 10,000 (placeholder: "tens of thousands of unique tasks")'),
        ("S11", "exchanges_through_CoT_cleaner 770,609 (reported)"),
        ("S15", "exchanges 189,900,000 (derived: sum, not printed by Anthropic)"),
    ],
)
def test_list_claims_tells_reported_figures_from_others(claim: str, said: str) -> None:
    shown = {line.split()[0]: line for line in lines(run("list", "claims", env=WIDE).stdout)}
    assert shown[claim].endswith(f"  {said}")


def test_list_hypotheses_shows_what_they_consist_of() -> None:
    shown = {line.split()[0]: line for line in lines(run("list", "hypotheses", env=WIDE).stdout)}
    both = "evaluations + product; lever product.users"
    assert both in shown["evaluation-and-product"]
    record = {x["id"]: x for x in json.loads(run("list", "hypotheses", "--json").stdout)}
    assert [key for key, x in record.items() if x["accused"]] == ["extraction"]
    relay = record["resale"]
    assert (relay["work"], relay["lever"]) == (["relay"], "relay.customers")
    assert relay["typologies"] == ["G13"]
    priors = {x["name"]: x for x in relay["priors"]}
    assert priors["relay.customers"] == {
        "name": "relay.customers",
        "words": "lognormal, median 1,500, sigma 2",
        "status": "prior",
        "source": "design-prior",
        "note": "as the users of a product",
    }
    assert shown["resale"].endswith(f"  {len(priors)} prior")


def test_list_of_an_unknown_kind() -> None:
    result = run("list", "actors")
    assert result.exit_code == 2
    assert "'actors' is not one of 'scenarios', 'recipes', 'typologies'" in result.stderr


def test_schema_prints_the_schema() -> None:
    assert json.loads(run("schema").stdout) == sim.schema()
    assert run("schema", "scenario").stdout == run("schema").stdout


def test_schema_of_other_files() -> None:
    assert json.loads(run("schema", "hypotheses").stdout) == hypotheses_schema()
    assert json.loads(run("schema", "claims").stdout) == claims_schema()
    result = run("schema", "claim")
    assert result.exit_code == 2
    assert "'claim' is not one of 'scenario', 'recipe', 'hypotheses', 'claims'" in result.stderr


# What every verb shares


def failing(error: BaseException) -> SimGroup:
    """Return a group with one verb, `fail`, that raises `error`."""
    group = SimGroup("sim")

    @group.command()
    def fail() -> None:
        raise error

    return group


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (SimError("the run failed"), 1, "the run failed\n"),
        (InvalidInputError("a.yaml:1:1: no"), 2, "a.yaml:1:1: no\n"),
        (CheckFailedError("not equal"), 3, "not equal\n"),
        (KeyboardInterrupt(), 130, "\ninterrupted\n"),
        (
            OSError(errno.ENOSPC, "No space left on device", "runs/part"),
            1,
            "runs/part: No space left on device; free some space or choose another folder\n",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "runs"),
            1,
            "runs: Permission denied\n",
        ),
        (
            ZeroDivisionError("division by zero"),
            1,
            "internal error: ZeroDivisionError: division by zero; run with --debug for the "
            "traceback\n",
        ),
    ],
)
def test_errors_become_one_message(error: BaseException, code: int, message: str) -> None:
    result = runner().invoke(failing(error), ["fail"])
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", message)


def test_debug_shows_the_traceback() -> None:
    error = SimError("the run failed")
    result = runner().invoke(failing(error), ["fail"], env={"SIM_DEBUG": "1"})
    assert result.exception is error
    assert run("--debug", "show", "nothing").exception.__class__ is InvalidInputError


def test_every_verb_and_option_has_help() -> None:
    for name, command in cli.commands.items():
        assert command.help, name
        for parameter in command.params:
            described = isinstance(parameter, click.Argument) or getattr(parameter, "help", None)
            assert described, (name, parameter.name)


def test_version() -> None:
    assert run("--version").stdout == f"sim, version {sim.__version__}\n"


def test_module_runs_and_help_imports_only_click() -> None:
    code = (
        "import sys, sim.cli.main\n"
        "heavy = {'numpy', 'pandas', 'pyarrow', 'pydantic', 'yaml', 'simpy', 'rich', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    imported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert imported.stdout == "[]\n"
    shown = subprocess.run(
        [sys.executable, "-m", "sim", "check", MINIMAL], capture_output=True, text=True
    )
    assert (shown.returncode, shown.stderr) == (0, "")


def test_a_closed_pipe_is_quiet() -> None:
    code = "import sys, sim.cli.main; sim.cli.main.main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "list", "models"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_list_benchmarks_names_the_agents_of_each() -> None:
    printed = runner().invoke(cli, ["list", "benchmarks"]).stdout
    lines = {line.split()[0]: line for line in printed.splitlines()}
    assert lines["aime"].endswith("30 items, item share 0.50; api-script")
    assert "no agent" not in printed
