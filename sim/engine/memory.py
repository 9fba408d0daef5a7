"""How much memory a scenario takes, and how much there is: asked before any of it is taken.

The constants were measured as the peak of runs in processes of their own:
`python -m tools.measure_memory` prints what is taken and what is foreseen.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sim.actors.arrivals.rates import SESSION_LEAD_US, rates_per_day
from sim.actors.context import ActorContext
from sim.actors.queue.teams import pilot_of, workers_of
from sim.actors.workload import TASKS_PER_SHARD_BITS
from sim.arrays.time import DAY_US
from sim.catalog import Agent, library_named
from sim.engine.executors import Workers
from sim.engine.run_context import RunContext
from sim.engine.shards import Shard
from sim.errors import InvalidInputError
from sim.population.population import Population
from sim.scenario.resolved import Actor, Scenario

# A process with the packages that it needs, machine code, and the window that it writes.
PROCESS = 300_000_000
# An account, with its rows in the tables; more where it may behave in several ways, or is watched.
ACCOUNT, OF_MODES, WATCHED = 1_500, 1_200, 800
# A person behind accounts; while its sessions are drawn, and afterwards.
PERSON, PERSON_KEPT = 115, 40
# A session and a turn that are drawn, most of them before the log opens, and an exchange.
SESSION, TURN, EXCHANGE = 130, 55, 600
WORKER = 400
# Where an exchange lies that was set aside, which the main process alone knows: two bytes, by the
# peaks of runs of 16 and 145 million. It grows faster than they do, see docs/background/billion.md.
PLACE = 2.0

# Sessions begun so long before the log are filled; the others are over when it opens.
_FILLED_LEAD_US = DAY_US
# Workers of a queue that nobody counts: they are a small part of what a process takes.
_FEW_WORKERS = 200_000
_CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
    ),
)


def accounts_bytes(scenario: Scenario) -> int:
    """Return the bytes of a process with the accounts of a scenario, before any is made.

    An estimate, proportional to the accounts; replacements are not foreseen.
    """
    each = ACCOUNT + WATCHED * (scenario.world.enforcement is not None)
    in_modes = sum(actor.accounts for actor in scenario.actors if actor.separability < 1)
    return PROCESS + each * scenario.accounts + OF_MODES * in_modes


def shard_bytes(population: Population, shard: Shard) -> int:
    """Return the bytes that one shard takes while it is simulated, beside the accounts.

    Of a queue the workers count. Of sessions it is the larger of two moments: while people are
    drawn, and afterwards, when their sessions and exchanges are simulated.

    Parameters
    ----------
    population
        Has the accounts of the shard, and what its actor does.
    shard
        Which shard.

    Returns
    -------
    int
        An estimate: expected people, sessions, turns and exchanges times measured constants. 0 for
        a queue whose workers are too few to count.
    """
    context = population.contexts[shard.actor]
    if shard.team is not None:
        return WORKER * _workers(context, shard)

    slots = slice(shard.accounts.start, shard.accounts.stop)
    people = float(context.accounts.end_users[slots].sum(dtype=np.float64))
    sessions = turns = exchanges = 0.0
    per_us = rates_per_day(context, shard.accounts) / DAY_US
    agent = context.accounts.agent[slots]
    for number, behaviour in enumerate(context.behaviour_of_agent):
        rate = float(per_us[agent == number].sum())
        opened = rate * (SESSION_LEAD_US + context.horizon_us) / context.session_calls[number]
        sessions += opened
        turns += opened * _mean_turns(behaviour, context.agents[number])
        exchanges += rate * (_FILLED_LEAD_US + context.horizon_us)

    simulating = SESSION * sessions + TURN * turns + EXCHANGE * exchanges
    return math.ceil(max(PERSON * people, PERSON_KEPT * people + simulating))


def _mean_turns(behaviour: Actor, agent: Agent) -> float:
    """Return the mean turns of a session: one of a share of them, at least one of the others.

    Recorded sessions count as they were recorded.
    """
    if agent.library is not None:
        library = library_named(agent.library)
        return float(library.opens_turn.sum() / library.sources)
    turns = behaviour.turns_per_session
    return turns.single_share + (1 - turns.single_share) * turns.more.rounded_mean(low=1)


def _workers(context: ActorContext, shard: Shard) -> int:
    """Return the workers of a shard; 0 where they are too few to count, and for sessions.

    A team that states no number gets the one that a pilot finds. Small teams are not worth a pilot,
    so they count as none.
    """
    if (team := shard.team) is None:
        return 0
    if team.workers is None and team.calls < _FEW_WORKERS:
        return 0
    return workers_of(context, team, pilot_of(context, team))


def needed_bytes(population: Population, shards: list[Shard]) -> int:
    """Return the bytes of a process that carries out a scenario.

    They are those of the accounts, of where exchanges lie, and of the largest shard; a process has
    one shard at a time.
    """
    largest = max(shard_bytes(population, s) for s in _largest(shards))
    return accounts_bytes(population.scenario) + _places_bytes(shards) + largest


def _places_bytes(shards: list[Shard]) -> int:
    return math.ceil(PLACE * sum(shard.expected for shard in shards))


def check_accounts(scenario: Scenario, processes: int = 1) -> None:
    """Raise InvalidInputError if the accounts alone take more memory than there is.

    Parameters
    ----------
    scenario
        Its accounts are counted, none is made.
    processes
        How many processes hold all accounts at the same time.
    """
    largest = max(scenario.actors, key=lambda actor: actor.accounts)
    what = f"actors.{largest.id}.accounts: {scenario.accounts:,} accounts in all need"
    _refuse_beyond(accounts_bytes(scenario), what, "lower accounts or scale", processes)


def check_shards(
    population: Population,
    shards: list[Shard],
    processes: int = 1,
    each: float | None = None,
) -> None:
    """Raise InvalidInputError if a shard is too large for the memory, or to number its tasks.

    Parameters
    ----------
    population, shards
        The accounts, and how they are cut. Of each actor only the largest shards are looked at.
    processes
        How many processes may work on a shard of that size at the same time.
    each
        Bytes that each of them has on machines of its own; None if they share this one.
    """
    needed, places = accounts_bytes(population.scenario), _places_bytes(shards)

    for shard in _largest(shards):
        actor = population.contexts[shard.actor].actor
        if shard.expected > 1 << TASKS_PER_SHARD_BITS:
            raise InvalidInputError(
                f"actors.{actor.id}: {shard.expected:,.0f} exchanges of accounts that share an "
                f"organisation, at most {1 << TASKS_PER_SHARD_BITS:,}; give it more organisations, "
                "a lower rate or a shorter clock"
            )

        memory = shard_bytes(population, shard)
        what = f"actors.{actor.id}: simulating {_what(population, shard)} needs"
        remedy = "lower them, or scale"
        if each is not None and needed + memory > each:
            raise InvalidInputError(
                f"{what} about {_gb(needed + memory)}; a worker of the cluster has {_gb(each)} for "
                f"each thread; {remedy}, or give workers more memory or fewer threads"
            )
        _refuse_beyond(needed + memory, what, remedy, processes if each is None else 1, places)


def _largest(shards: list[Shard]) -> Iterator[Shard]:
    """Yield of each actor the shard with most exchanges, and that with most accounts."""
    by_actor: dict[int, list[Shard]] = {}
    for shard in shards:
        by_actor.setdefault(shard.actor, []).append(shard)

    for group in by_actor.values():
        most = {max(group, key=lambda s: s.expected), max(group, key=lambda s: len(s.accounts))}
        yield from sorted(most, key=lambda s: s.number)


def _what(population: Population, shard: Shard) -> str:
    """Return what takes most of the memory of a shard, in words."""
    context = population.contexts[shard.actor]
    if shard.team is not None:
        return "so many workers"
    slots = slice(shard.accounts.start, shard.accounts.stop)
    people = float(context.accounts.end_users[slots].sum(dtype=np.float64))
    if PERSON * people > shard_bytes(population, shard) / 2:
        return f"{people:,.0f} end users"
    return f"{len(shard.accounts):,} accounts at this rate"


def _refuse_beyond(needed: int, what: str, remedy: str, processes: int, once: int = 0) -> None:
    """Raise InvalidInputError if more bytes are needed than there are.

    Parameters
    ----------
    needed
        Bytes in each process.
    what, remedy
        How the message begins, and how it ends.
    processes
        How many processes there are. If one alone would fit, the message says so.
    once
        Bytes that one of them needs besides.
    """
    available = available_bytes()
    if available is None or needed * processes + once <= available:
        return
    if processes > 1 and needed + once <= available:
        remedy += ", or give fewer workers (-j 1)"
    each = f" in each of {processes} processes" if processes > 1 else ""
    raise InvalidInputError(
        f"{what} about {_gb(needed + once)}{each}; this machine has {_gb(available)} free; {remedy}"
    )


def _gb(number: float) -> str:
    return f"{number / 1e9:,.2g} GB" if number < 1e11 else f"{number / 1e9:,.0f} GB"


def available_bytes() -> int | None:
    """Return the bytes that this process can still have; None if nothing says so.

    The least of what the machine has available and what control groups leave, in versions 1 and 2.
    """
    limits = [_of_machine(), *(_of_group(*files) for files in _CGROUPS)]
    return min((limit for limit in limits if limit is not None), default=None)


def _of_machine() -> int | None:
    """Return what Linux says is available, else all that the machine has."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable:"))
        return int(line.split()[1]) * 1024
    except (OSError, StopIteration, ValueError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _of_group(limit: str, usage: str) -> int | None:
    """Return what a control group of Linux leaves of its limit, cached files counted as free."""
    try:
        most, used = (int(Path(file).read_text(encoding="ascii")) for file in (limit, usage))
        stat = Path(limit).with_name("memory.stat").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return None
    words = [line.split() for line in stat]
    cached = sum(int(w[1]) for w in words if w[0] in ("inactive_file", "total_inactive_file"))
    return max(0, most - used + cached)


def expect_memory(context: RunContext, workers: Workers | None) -> None:
    """Raise InvalidInputError if this machine, or a worker, has too little memory for a run.

    Parameters
    ----------
    context
        The run; its accounts are made for that, unless they alone are too many.
    workers
        Who would carry it out; one process if None.
    """
    check_accounts(context.scenario)
    processes, each = 1, None
    if workers is not None:
        exchanges = sum(shard.expected for shard in context.shards)
        processes = workers.count if exchanges >= workers.worthwhile else 1
        each = workers.memory
    check_shards(context.population, context.shards, processes, each)
