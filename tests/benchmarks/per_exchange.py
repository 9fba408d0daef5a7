"""The simulator as one would first write it: one SimPy event per exchange, one row at a time.

It follows the rules of the product for the same scenario and collects the same columns, with
scalar draws from the standard library. It is the baseline of the speed ratios, and short enough
to be read as a description of the rules.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Generator, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import simpy

from sim.actors.rhythm import Intensity
from sim.actors.sessions import mean_exchanges
from sim.actors.tickets import LEAD_US as QUEUE_LEAD_US
from sim.actors.workload import Stage
from sim.catalog import Agent, models, steps_for
from sim.distributions import Distribution
from sim.engine.cast import Cast, build_cast
from sim.engine.render import Renderer
from sim.scenario.resolved import Scenario
from sim.tables.schema import arrow_schema, exchange_columns

_DAY_US = 86_400_000_000
# Shorter than the product's, and what is simulated in it counts as work done.
SESSION_LEAD_US = _DAY_US


class Loop:
    """All processes of a scenario in one environment, appending rows to lists."""

    def __init__(self, scenario: Scenario) -> None:
        self.cast: Cast = build_cast(scenario)
        self.draw = random.Random(scenario.seed)
        self.horizon = scenario.clock.duration_us
        self.columns = list(exchange_columns("full"))
        self.rows: list[tuple[Any, ...]] = []
        self.fixed = _account_values(self.cast)
        self.truth: list[tuple[int, int, int, bool]] = []
        self.simulated = 0
        self.opening = round(scenario.clock.start.timestamp() * 1_000_000)

    def run(self) -> None:
        env = simpy.Environment(initial_time=-SESSION_LEAD_US)
        for number, stage in enumerate(self.cast.stages):
            if stage.actor.arrival == "sessions":
                for account in range(stage.actor.accounts):
                    env.process(self.account(env, number, stage, account))
            else:
                queue = self.tickets(stage)
                for _ in range(stage.actor.workers or 100):
                    env.process(self.worker(env, number, stage, queue))
        env.run(until=self.horizon)

    def account(
        self, env: Any, number: int, stage: Stage, account: int
    ) -> Generator[Any, None, None]:
        actor = stage.actor
        intensity = Intensity(
            actor.rhythm, stage.clock.start, int(stage.accounts.utc_offset_h[account])
        )
        mean = actor.exchanges_per_account_day * math.exp(actor.account_volume_sigma**2 / 2)
        per_day = stage.accounts.volume[account] * mean / _mean_exchanges(stage)
        at = intensity.operational_scalar(-SESSION_LEAD_US)
        while True:
            at += self.draw.expovariate(1.0) * _DAY_US / per_day
            start = round(intensity.clock_scalar(at))
            if start >= self.horizon:
                return
            yield env.timeout(start - env.now)
            env.process(self.session(env, number, stage, account))

    def session(
        self, env: Any, number: int, stage: Stage, account: int
    ) -> Generator[Any, None, None]:
        actor, dial = stage.actor, stage.actor.turns_per_session
        turns = 1
        if self.draw.random() >= dial.single_share:
            turns = max(1, round(self.sample(dial.more)))
        state = self.fresh(stage, account)
        for turn in range(turns):
            if turn:
                yield env.timeout(round(self.sample(actor.human_gap_s) * 1e6))
            yield from self.task(env, number, stage, account, state, self.calls(stage))

    def tickets(self, stage: Stage) -> Iterator[int]:
        actor = stage.actor
        if actor.source == "prompts":
            left = actor.target_exchanges or 0
            while left > 0:
                calls = self.calls(stage)
                left -= calls
                yield calls
            return
        (agent,), (model,) = actor.agents, actor.models
        steps = steps_for(agent, model).steps.tolist()
        for _ in range(actor.runs * actor.items):
            yield self.draw.choice(steps)

    def worker(
        self, env: Any, number: int, stage: Stage, queue: Iterator[int]
    ) -> Generator[Any, None, None]:
        yield env.timeout(SESSION_LEAD_US - QUEUE_LEAD_US + self.draw.random() * 6e7)
        for calls in queue:
            account = self.draw.randrange(stage.actor.accounts)
            yield from self.task(env, number, stage, account, self.fresh(stage, account), calls)

    def calls(self, stage: Stage) -> int:
        if self.draw.random() >= stage.actor.agentic_share:
            return 1
        return 1 + max(1, round(self.sample(stage.actor.tool_steps)))

    def fresh(self, stage: Stage, account: int) -> dict[str, Any]:
        agent = stage.agents[stage.accounts.agent[account]]
        return {
            "agent": agent,
            "context": round(self.sample(agent.base_context_tokens)),
            "stored": 0,
            "last": -(10**18),
            "messages": 1,
            "conversation": self.draw.getrandbits(64),
        }

    def task(
        self, env: Any, number: int, stage: Stage, account: int, state: dict[str, Any], calls: int
    ) -> Generator[Any, None, None]:
        agent: Agent = state["agent"]
        model_number = int(stage.model_number[stage.accounts.model[account]])
        model = models()[self.cast.models.ids[model_number]]
        limit = math.floor(model.context_window_tokens * agent.compaction_at)
        caches = bool(stage.accounts.caches[account])
        prompt, task = self.draw.getrandbits(64), self.draw.getrandbits(64)
        fixed = self.fixed[stage.first_account + account]
        results = 0
        for position in range(calls):
            if position:
                yield env.timeout(round(self.sample(agent.tool_time_s) * 1e6))
            now = int(env.now)
            self.simulated += 1
            fresh = state["stored"] == 0
            if not fresh:
                append = agent.append_tokens if position else agent.user_append_tokens
                state["context"] += max(1, round(self.sample(append))) + state["output"]
                while state["context"] > limit:
                    state["context"] -= limit - agent.compaction_to_tokens
                    fresh, state["messages"] = True, 1
            context = state["context"]
            tail = min(agent.uncached_tail_tokens, context)
            uses = caches and context >= model.min_cacheable_tokens
            stored = context - tail if uses else 0
            alive = uses and not fresh and now - state["last"] <= 300_000_000
            read = min(state["stored"], context - tail) if alive else 0
            wanted = max(1, round(self.sample(agent.output_tokens)))
            output = min(wanted, agent.max_tokens)
            ttft = round(self.sample(model.ttft_s) * 1e6)
            duration = ttft + round(output / self.sample(model.output_tokens_per_s) * 1e6)
            last = position == calls - 1
            tool_calls = 0 if last else max(1, round(self.sample(agent.tool_calls_per_step)))
            write = stored - read
            uncached = context - read - write
            cost = (
                uncached * model.input_usd_per_mtok
                + read * model.input_usd_per_mtok * model.cache_read_factor
                + write * model.input_usd_per_mtok * model.cache_write_5m_factor
                + output * model.output_usd_per_mtok
            ) / 1e6
            finish = "end_turn" if last else "tool_use"
            if wanted > agent.max_tokens:
                finish = "max_tokens"
            exchange = self.draw.getrandbits(64)
            if now >= 0:
                self.rows.append(
                    (
                        exchange,
                        self.opening + now,
                        self.opening + now + duration,
                        ttft / 1e6,
                        duration / 1e6,
                        state["conversation"] if fixed["sends"] else None,
                        model.id,
                        model.id,
                        state["messages"],
                        results,
                        "tool" if position else "user",
                        tool_calls,
                        prompt,
                        uncached,
                        read,
                        write,
                        context,
                        output,
                        finish,
                        200,
                        cost,
                        *fixed["values"],
                    )
                )
                self.truth.append((exchange, task, number, position == 0))
            state.update(stored=stored, last=now, output=output)
            state["messages"] += 2
            results = tool_calls
            yield env.timeout(duration)

    def sample(self, distribution: Distribution) -> float:
        if distribution.constant is not None:
            return distribution.constant
        if distribution.lognormal is not None:
            part = distribution.lognormal
        else:
            parts = distribution.mixture or ()
            edges = list(accumulate(p.weight for p in parts))
            part = parts[min(bisect_right(edges, self.draw.random()), len(parts) - 1)].lognormal
        x = part.median * math.exp(part.sigma * self.draw.gauss(0.0, 1.0))
        return x if part.max is None or x < part.max else part.max

    def write(self, out: Path) -> None:
        """Sort, turn into columns, write the log and the truth as Parquet."""
        order = sorted(range(len(self.rows)), key=lambda k: self.rows[k][1])
        columns = zip(*(self.rows[k] for k in order), strict=True)
        schema = arrow_schema(exchange_columns("full"))
        names = [*_MEASURED, *_FIXED]
        arrays = [
            pa.array(column, schema.field(name).type)
            for name, column in zip(names, columns, strict=True)
        ]
        out.mkdir(parents=True)
        table = pa.table(arrays, names=names)
        pq.write_table(table, out / "exchanges.parquet", compression="zstd", compression_level=1)
        truth = zip(*(self.truth[k] for k in order), strict=True)
        pq.write_table(
            pa.table(
                [pa.array(c, t) for c, t in zip(truth, _TRUTH_TYPES, strict=True)],
                names=["exchange", "task", "actor", "user"],
            ),
            out / "truth.parquet",
            compression="zstd",
            compression_level=1,
        )


def _mean_exchanges(stage: Stage) -> float:
    key = stage.actor.id
    if key not in _MEANS:
        _MEANS[key] = mean_exchanges(stage.actor)
    return _MEANS[key]


_MEANS: dict[str, float] = {}
_TRUTH_TYPES = (pa.uint64(), pa.uint64(), pa.int16(), pa.bool_())
_MEASURED = (
    "exchange_id",
    "ts_start",
    "ts_end",
    "ttft_s",
    "duration_s",
    "conversation_id",
    "model_requested",
    "model_served",
    "n_messages",
    "n_tool_results_in",
    "last_role_in",
    "n_tool_calls_out",
    "prompt_simhash64",
    "input_tokens_uncached",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "input_tokens_total",
    "output_tokens",
    "finish_reason",
    "http_status",
    "cost_usd",
)
_FIXED = tuple(name for name in exchange_columns("full") if name not in _MEASURED)


def _account_values(cast: Cast) -> list[dict[str, Any]]:
    """What each account always sends, looked up once, as plain Python values."""
    accounts = len(cast.actor_of_account)
    rows = {"account": np.arange(accounts)}
    makers = Renderer(cast).account_columns()
    columns = [pa.array(makers[name](rows)).to_pylist() for name in _FIXED]
    sends = cast.accounts.sends_conversation.tolist()
    return [
        {"values": values, "sends": send}
        for values, send in zip(zip(*columns, strict=True), sends, strict=True)
    ]
