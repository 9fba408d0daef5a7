"""Small scenarios, and what the tests read from a run."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.columns import Columns, concat
from sim.catalog import NO_LIBRARY, benchmarks, provider, typologies
from sim.distributions import Distribution, Lognormal
from sim.engine.merge import exchanges_in, part_windows, plan_of, tasks_in
from sim.engine.run_context import RunContext
from sim.engine.simulate import simulate_shard
from sim.engine.spill_index import Index
from sim.output.achieved import ActorSummary, Tally
from sim.scenario.resolved import (
    DECIDED_BY_LIBRARY,
    Actor,
    Clock,
    Event,
    Load,
    RateLimits,
    Rhythm,
    Scenario,
    Tables,
    Turns,
    World,
    fields_of,
)
from sim.streams import MISSING
from sim.tables.reading import Run
from sim.tables.schema import TABLES
from sim.tables.store import Store

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
FLAT = Rhythm(peak_hour=0.0, strength=0.0, weekend=1.0)


def ordinary(*events: Event, **dials: Any) -> World:
    """The provider as the catalog has it, but for `dials`."""
    known = provider()
    load = {
        "peak_hour": known["load_peak_hour"],
        "strength": known["load_strength"],
        "weekend": known["load_weekend"],
        "slowdown_at_peak": known["slowdown_at_peak"],
        **dials.pop("load", {}),
    }
    defaults = {
        "seed": int(known["seed"]),
        "overload": known["overload"],
        "server_error": known["server_error"],
        "timeout_us": round(known["timeout_s"] * 1e6),
        "burst": known["burst"],
        "limits": RateLimits(as_of=MONDAY.date(), output="as_generated"),
    }
    return World(load=Load(**load), events=events, **{**defaults, **dials})


def calm(*events: Event) -> World:
    """A provider that never fails by itself and is always equally fast."""
    return ordinary(*events, overload=0.0, server_error=0.0, load={"slowdown_at_peak": 1.0})


def event(kind: str, at_us: int, until_us: int | None = None, **dials: Any) -> Event:
    return Event.model_validate({"kind": kind, "at_us": at_us, "until_us": until_us, **dials})


def constant(value: float) -> Distribution:
    return Distribution(constant=value)


def lognormal(median: float, sigma: float, largest: float | None = None) -> Distribution:
    return Distribution(lognormal=Lognormal(median=median, sigma=sigma, max=largest))


PLAIN_ANSWERS = dict.fromkeys(
    (
        "refusal_share",
        "thinking_share",
        "several_choices_share",
        "prewarm_share",
        "server_tools_share",
        "sub_agent_share",
        "batch_share",
    ),
    0.0,
)


# Accounts that are always there and always do the same, one session at a time.
STEADY: dict[str, Any] = {
    "lifetime_days": None,
    "dormant_share": 0.0,
    "ramp_days": 0.0,
    "drift_sigma": 0.0,
    "model_change_share": 0.0,
    "peak_spread_h": 0.0,
    "night_share": 0.0,
    "spells_per_day": constant(0),
    "burst_size": constant(1),
    "input_spread": constant(1),
    "output_spread": constant(1),
}


def make_actor(id_: str, typology: str, **dials: Any) -> Actor:
    """An actor with the defaults of its typology but for `dials`; plain answers, and steady.

    As in scenarios, dials that recorded sessions decide have them left aside.
    """
    kind = typologies()[typology]
    if kind.arrival == "sessions" and not dials.keys().isdisjoint(DECIDED_BY_LIBRARY):
        dials.setdefault("library", NO_LIBRARY)
    given = {**kind.defaults, **PLAIN_ANSWERS, **STEADY, **dials}
    counting = fields_of(kind.arrival, given.get("source"))
    given = {key: value for key, value in given.items() if key in counting or key in dials}
    return Actor(id=id_, typology=typology, arrival=kind.arrival, **given)


def at_separability(asked: Scenario, separability: float) -> Scenario:
    """The scenario with every actor at that separability."""
    update = {"separability": separability}
    actors = tuple(actor.model_copy(update=update) for actor in asked.actors)
    return asked.model_copy(update={"actors": actors})


def coders(accounts: int = 40, id_: str = "coders", **dials: Any) -> Actor:
    return make_actor(id_, "L01", accounts=accounts, **dials)


def lab(
    benchmark: str = "tau-bench-retail", items: int | None = None, id_: str = "lab", **dials: Any
) -> Actor:
    """A benchmark laboratory; by default short tasks, few runs, several accounts."""
    defaults: dict[str, Any] = {
        "accounts": 8,
        "agents": {"coding-cli": 1.0},
        "runs": 3,
        "workers": 4,
        "benchmark": benchmark,
        "items": items or benchmarks()[benchmark].items,
    }
    return make_actor(id_, "L04", **{**defaults, **dials})


def pool(accounts: int = 30, target: int = 4_000, id_: str = "pool", **dials: Any) -> Actor:
    return make_actor(id_, "A16", accounts=accounts, target_exchanges=target, **dials)


def scenario(
    *actors: Actor,
    days: float = 1.0,
    seed: int = 1,
    fmt: str = "parquet",
    columns: str = "full",
    part_rows: int = 1_000_000,
    start: datetime = MONDAY,
    world: World | None = None,
) -> Scenario:
    """A scenario in ordinary weather, unless a world is given."""
    return Scenario(
        version=1,
        name="test",
        title="test",
        about="",
        seed=seed,
        scale=1.0,
        clock=Clock(start=start, duration_us=round(days * DAY_US)),
        world=world or ordinary(),
        actors=actors,
        tables=Tables.model_validate({"format": fmt, "columns": columns, "part_rows": part_rows}),
    )


PART_ROWS = 900
SMALL = scenario(coders(25), lab(), pool(20, 2_500, waves_sigma=0.0), days=0.6, part_rows=PART_ROWS)


def simple(exchanges_per_day: float = 24.0) -> dict[str, Any]:
    """Dials of a population of single exchanges, Poisson in time in a calm world."""
    return {
        "rhythm": FLAT,
        "account_volume_sigma": 0.0,
        "agentic_share": 0.0,
        "turns_per_session": Turns(single_share=1.0, more=constant(1)),
        "exchanges_per_account_day": exchanges_per_day,
        "tier": "none",
    }


def digests(run: Path) -> dict[str, str]:
    """SHA-256 of every file of a folder, hidden ones included, by relative path."""
    return {
        p.relative_to(run).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(run.rglob("*"))
        if p.is_file()
    }


def read(run: Path, stem: str) -> Any:
    """A table of a run as a data frame, in which a missing identifier is missing as all else is."""
    table = Run(run).table(stem, TABLES[stem])
    frame = table.to_pandas()
    for name in table.column_names:
        if TABLES[stem][name] == "id?":
            frame[name] = frame[name].astype(object).where(frame[name] != MISSING, None)
    return frame


def log_with_truth(run: Path) -> Any:
    """Log and truth joined on the exchange, in the order of the log."""
    log, truth = read(run, "log/exchanges"), read(run, "truth/exchanges")
    joined = log.merge(truth, on="exchange_id", how="left", validate="one_to_one")
    assert joined["actor_id"].notna().all()
    return joined


def answered(rows: Any) -> Any:
    """The attempts that were answered."""
    return rows[rows["http_status"] == 200]


def auc(first: Any, second: Any) -> float:
    """Probability that a value of `second` exceeds one of `first`, ties counted half."""
    from scipy.stats import rankdata

    m, n = len(first), len(second)
    ranks = rankdata(np.concatenate([np.asarray(first), np.asarray(second)]))
    return float((ranks[m:].sum() - n * (n + 1) / 2) / (m * n))


def micros(times: Any) -> NDArray[np.int64]:
    """Microseconds since 1970 of a column of times."""
    return np.asarray(times.astype("datetime64[us, UTC]").astype("int64"))


def hidden_files(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob(".*") if p.is_file())


def carried_out(asked: Scenario) -> tuple[Tally, list[Columns], list[Columns]]:
    """(tally, exchanges by window, tasks by window) of a scenario, without a run."""
    with TemporaryDirectory() as folder:
        job = RunContext(asked, Store(folder))
        records = [simulate_shard(job, shard.number) for shard in job.shards]
        tally = Tally(job.population)
        for shard, record in zip(job.shards, records, strict=True):
            tally.add(shard.actor, record.tally)
        index = Index([record.file for record in records], job.grid.cells)
        parts = [plan_of(index, n, w) for n, w in enumerate(part_windows(job, index))]
        plans = [window for part in parts for window in part.windows]
        rows = [_joined(*exchanges_in(job, plan)) for plan in plans]
        return tally, rows, [tasks_in(job, plan) for plan in plans]


def _joined(rows: Columns, origins: Columns) -> Columns:
    """Exchanges with all that they share with others of their task."""
    origin = rows["origin"]
    of_task = {name: values[origin] for name, values in origins.items()}
    return {name: values for name, values in (of_task | rows).items() if name != "origin"}


def simulated(asked: Scenario) -> tuple[Any, Any]:
    """(exchange rows in time order, tasks) of a scenario as data frames, without a run."""
    import pandas as pd

    _, rows, tasks = carried_out(asked)
    return pd.DataFrame(concat(rows)), pd.DataFrame(concat(tasks))


def busy_at(tasks: Any, moment_us: int) -> int:
    """Tasks in progress at a moment."""
    return int(((tasks["start"] <= moment_us) & (tasks["end"] > moment_us)).sum())


# tasks that end soon, so that none is cut off by the end of the log
SHORT: dict[str, Any] = {
    "agents": {"mini-swe-agent": 1.0},
    "agentic_share": 0.5,
    "tool_steps": constant(5),
    "rhythm": FLAT,
    "waves_sigma": 0.0,
}


def summary_of(asked: Scenario) -> tuple[ActorSummary, Any]:
    """What the tally says of the only actor, and its tasks."""
    import pandas as pd

    tally, _, tasks = carried_out(asked)
    return tally.summaries()[0], pd.DataFrame(concat(tasks))
