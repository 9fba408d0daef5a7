"""How a queue is cut into teams that work by themselves, each of them a shard."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim.actors.balance import balancer
from sim.actors.batches import TicketQueue, source
from sim.actors.tickets import LEAD_US, Team
from sim.actors.volume import SHARD_EXCHANGES
from sim.actors.workload import Stage

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# Workers that a pool keeps when the scenario does not say: so many times the mean number busy.
_HEADROOM = 3.0


def opens_us(stage: Stage) -> int:
    """When work begins: with earlier work before the log, unless the scenario says when."""
    return -LEAD_US if stage.actor.starts_us is None else stage.actor.starts_us


def teams_of(stage: Stage) -> list[Team]:
    """Cut a queue into teams that are expected to send some `SHARD_EXCHANGES` each.

    A target is shared out by what the accounts of each team can send, and workers by target. An
    organisation stays whole, because its limits and its cache are kept by one shard. The runs
    of a benchmark wait for each other, so it has one team.
    """
    whole = _whole(stage)
    if whole.target is None:
        return [whole]
    accounts = stage.accounts
    first = np.flatnonzero(np.diff(accounts.organisation, prepend=-1))
    wanted = round(whole.target / SHARD_EXCHANGES)
    count = max(1, min(wanted, len(first), whole.workers))
    volume = accounts.volume if stage.actor.balance == "weighted" else np.ones(len(accounts))
    edges = _even_edges(np.add.reduceat(volume, first), first, count)
    bounds = [*edges.tolist(), len(accounts)]
    weight = np.add.reduceat(volume, edges)
    targets = shared_out(whole.target, weight)
    workers = 1 + shared_out(whole.workers - count, targets.astype(np.float64))
    return [
        Team(
            number=k,
            teams=count,
            accounts=range(bounds[k], bounds[k + 1]),
            workers=int(workers[k]),
            target=int(targets[k]),
            rows_per_us=whole.rows_per_us * float(targets[k]) / whole.target,
            calls=float(targets[k]),
        )
        for k in range(count)
    ]


def shared_out(total: int, weight: Floats) -> Ints:
    """Whole numbers in proportion to `weight` that add up to `total` (largest remainders)."""
    exact = total * weight / weight.sum()
    share: Ints = np.floor(exact).astype(np.int64)
    most = np.argsort(share - exact, kind="stable")[: total - int(share.sum())]
    share[most] += 1
    return share


def _even_edges(weight: Floats, first: Ints, count: int) -> Ints:
    """Numbers of the first accounts of `count` groups of organisations of like weight."""
    group = np.arange(count)
    edge = np.searchsorted(np.cumsum(weight), weight.sum() * group / count)
    # every group has an organisation, however heavy its neighbours are
    edge = np.maximum.accumulate(edge - group) + group
    return np.asarray(first[np.minimum(edge, len(first) - count + group)])


def _whole(stage: Stage) -> Team:
    """The queue as one team: its workers and pace, from a pilot block of its tickets."""
    actor, opens = stage.actor, opens_us(stage)
    every = range(len(stage.accounts))
    pilot = Team(0, 1, every, 1, actor.target_exchanges, 0.0, 0.0)
    tickets = next(source(stage, pilot, opens).main())
    queue = TicketQueue(stage, pilot, opens, balancer(actor.balance, stage.accounts.volume))
    filled = queue.fill(tickets, "pilot")
    start = np.full(len(tickets.calls), opens)
    ends_us = stage.settle(filled.drawn, start).session_ends_us
    span_us, calls = float((ends_us - opens).mean()), float(tickets.calls.mean())
    wanted = math.inf
    if actor.target_exchanges is not None:
        wanted = actor.target_exchanges / (stage.horizon_us - max(opens, 0))
    workers = actor.workers or max(1, math.ceil(_HEADROOM * wanted / calls * span_us))
    rate = min(wanted, workers * calls / span_us)
    total = float(actor.target_exchanges or actor.items * actor.runs * calls)
    return Team(0, 1, every, workers, actor.target_exchanges, rate, total)
