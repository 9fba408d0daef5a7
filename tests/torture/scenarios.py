"""Random scenarios that the schema allows end, and pass check, run, check-run, verify, counts.

`python -m tests.torture scenarios --count 5000 --workers 2`; one again with `--only SEED`.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml

from sim.engine import memory
from sim.scenario.resolved import Actor, World
from sim.world.attempts import MOST_CHAINS, RETRIES
from tests.support.commands import sim
from tests.torture.drawing import Drawer, duration
from tests.torture.trials import Trial, add_options, carry_out, record, trials

MOST_EXCHANGES, MOST_ACCOUNTS, MOST_BYTES = 20_000, 3_000, 2_000_000_000
MOST_COPIES = 200
LIMIT_S = 60
_FAULT = re.compile(r"^[^:\n]*:\d+:\d+: (?:([\w.\[\]-]+): )?(.*)$", re.MULTILINE)
_TOO_LARGE = re.compile(r"actors\.\w+[^\n]* about [^\n]* GB[^\n]* free; [^\n]*\n")
_ROUNDS = 8
# So many scenarios keep the faults that they are drawn with.
_LEFT_AS_DRAWN = 0.1
_VERBS = ("check-run", "verify", "counts")


class FailedError(Exception):
    """A step of a trial did not end as it should."""


class RefusedError(Exception):
    """The scenario takes more memory than a trial may."""


def try_seed(
    seed: int, *, extreme: bool = False, most: int = MOST_EXCHANGES, debug: bool = False
) -> Trial:
    """Draw scenario `seed`, and put it through every verb in a folder that is removed."""
    few = patch.object(memory, "available_bytes", lambda: MOST_BYTES)
    with tempfile.TemporaryDirectory(prefix="sim-torture-") as name, warnings.catch_warnings(), few:
        warnings.simplefilter("error")
        folder = Path(name)
        place = folder / "scenario.yaml"
        try:
            drawn = draw(seed, place, extreme=extreme, most=most)
            if drawn is None:
                return Trial(seed, "refused")
            _put_through(place, folder / "run", debug=debug)
        except RefusedError:
            return Trial(seed, "refused")
        except FailedError as error:
            text = place.read_text(encoding="utf-8") if place.exists() else ""
            return Trial(seed, "failed", f"{error}", text)
    return Trial(seed, "passed")


def draw(
    seed: int, place: Path, *, extreme: bool = False, most: int = MOST_EXCHANGES
) -> dict[str, Any] | None:
    """Write a valid scenario to `place`, None if what is drawn is refused.

    It is expected to send `most` exchanges, at most.
    """
    rng = random.Random(seed)
    schema = json.loads(_expect("schema", sim("schema"), 0))
    drawn = Drawer(schema, rng, extreme=extreme).scenario()
    for actor in drawn["actors"]:
        # each copy takes some 40 ms, whatever it sends
        actor["copies"] = min(actor.get("copies", 1), MOST_COPIES)
    rounds = 1 if rng.random() < _LEFT_AS_DRAWN else _ROUNDS
    if not _mended(drawn, place, rounds):
        return None
    drawn.setdefault("scale", 1.0)
    for _ in range(_ROUNDS):
        too_many = _excess(place, most)
        if too_many <= 1:
            return drawn
        _shrink(drawn, too_many)
        if not _mended(drawn, place, _ROUNDS):
            return None
    return None


def _mended(drawn: dict[str, Any], place: Path, rounds: int) -> bool:
    """Drop what `sim check` finds fault with, round by round; False if faults are left."""
    for left in reversed(range(rounds)):
        place.write_text(yaml.safe_dump(drawn, sort_keys=False), encoding="utf-8")
        result = sim("check", str(place))
        if result.exit_code == 0:
            _expect("check", result, 0, quiet=_only_warnings)
            return True
        faults = _FAULT.findall(_expect("check", result, 2))
        if not faults:
            raise FailedError(f"check: no place in {result.stderr!r}")
        dropped = [_drop(drawn, where) for where, _ in faults if where]
        if not (left and all(dropped)):
            return False
    return False


def _drop(drawn: dict[str, Any], where: str) -> bool:
    """Take out what a message names; False if it is gone, or cannot be left out."""
    parts: list[str | int] = [int(p) if p.isdigit() else p for p in re.findall(r"[\w-]+", where)]
    node: Any = drawn
    for part in parts[:-1]:
        if isinstance(node, list) and isinstance(part, str):
            node = next((item for item in node if item.get("id") == part), None)
        elif isinstance(node, list):
            node = node[int(part)] if int(part) < len(node) else None
        else:
            node = node.get(part) if isinstance(node, dict) else None
    last = parts[-1]
    if isinstance(node, list) and isinstance(last, int) and len(node) > 1:
        node.pop(last)
        return True
    return isinstance(node, dict) and node.pop(str(last), None) is not None


def _excess(place: Path, most: int) -> float:
    """By how much a scenario is expected to exceed what a trial may take."""
    from sim.engine.run_context import RunContext
    from sim.scenario import load_scenario
    from sim.tables.store import Store

    resolved = load_scenario(str(place))
    accounts = sum(actor.accounts for actor in resolved.actors)
    if accounts > MOST_ACCOUNTS:
        return accounts / MOST_ACCOUNTS
    with tempfile.TemporaryDirectory(prefix="sim-torture-") as nowhere:
        shards = RunContext(resolved, Store(nowhere)).shards
    attempts = [_attempts_per_call(resolved.world, actor) for actor in resolved.actors]
    return sum(shard.expected * attempts[shard.actor] for shard in shards) / most


def _attempts_per_call(world: World, actor: Actor) -> float:
    """Attempts that a call is expected to take with the errors of the provider, limits aside."""
    fails = min(1.0, world.overload + world.server_error)
    most = (RETRIES + 1) * (MOST_CHAINS if actor.on_failure == "resume" else 1)
    return most if fails == 1 else (1 - fails**most) / (1 - fails)


def _shrink(drawn: dict[str, Any], too_many: float) -> None:
    """Fewer accounts and targets, then fewer runs, then a shorter clock."""
    if drawn["scale"] > 1e-6:
        drawn["scale"] = max(1e-6, drawn["scale"] / too_many / 1.2)
        return
    for actor in drawn["actors"]:
        if actor["typology"] == "L04":
            actor["runs"] = 1
        actor.pop("copies", None)
    drawn["look_alikes"] = False
    drawn["clock"]["duration"] = _shorter(drawn["clock"]["duration"], too_many)


def _shorter(text: str, too_many: float) -> str:
    from sim.documents.quantities import parse_duration

    return duration(max(1, int(parse_duration(text) / too_many / 1.2)))


def _put_through(place: Path, run: Path, *, debug: bool) -> None:
    start = ("--debug",) if debug else ()
    result = sim(*start, "run", str(place), "-o", str(run), "-j", "1", "-q")
    if result.exit_code == 2 and _TOO_LARGE.fullmatch(result.stderr):
        raise RefusedError
    _expect("run", result, 0, quiet=_only_warnings)
    is_lean = "columns: lean" in place.read_text(encoding="utf-8")
    for verb in _VERBS:
        # what is checked needs more columns, and says so
        code = 2 if verb == "check-run" and is_lean else 0
        _expect(verb, sim(*start, verb, str(run)), code)


def _only_warnings(text: str) -> bool:
    return all("warning: " in line for line in text.splitlines())


def _expect(
    step: str, result: Any, code: int, quiet: Callable[[str], bool] = lambda text: not text
) -> str:
    """What a command printed, if it ended as expected."""
    said = result.stdout if code == 0 else result.stderr
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    wrong = result.exit_code != code or "internal error" in result.stderr
    if wrong or (code == 0 and not quiet(result.stderr)):
        lines = [*result.stderr.splitlines(), *_failing(result.stdout)]
        raise FailedError(f"{step}: exit {result.exit_code}: " + " | ".join(lines[:6]))
    return str(said)


def _failing(text: str) -> list[str]:
    return [line for line in text.splitlines() if "FAILED" in line]


def run(count: int, seed: int = 1, workers: int = 1) -> dict[str, Any]:
    """Try `count` scenarios of consecutive seeds, every other one with extreme values."""
    ended = list(trials(_every_other, range(seed, seed + count), workers, LIMIT_S, {}))
    return record("scenarios", ended)


def _every_other(seed: int) -> Trial:
    return try_seed(seed, extreme=seed % 2 == 0)


def main(words: list[str]) -> int:
    """Try scenarios of consecutive seeds."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture scenarios", description=__doc__)
    add_options(parser, count=200)
    parser.add_argument("--extreme", action="store_true", help="all values that the schema allows")
    options = parser.parse_args(words)
    return carry_out("scenarios", try_seed, options, LIMIT_S, {"extreme": options.extreme})
