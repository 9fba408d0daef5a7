"""Which tokens a chat begins with: `python -m tools.chat_tokens` prints what agents.yaml holds.

A trace of a chat service without conversations says how long the inputs of all its calls are. Only
the first calls of conversations have the length that an agent begins with; the others hold what
was said before as well. So the lengths of first calls are found by deconvolution: those are wanted
that, grown by the simulator's own mechanism, give the inputs of the trace. They are shares of a
grid of lengths, improved by multiplicative updates (Lee and Seung 2001, "Algorithms for
non-negative matrix factorization", with one factor given) until the squared distance of the two
distribution functions falls no more. What a conversation is, the trace does not say: the turns of
the typology and the messages of the agent are given.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import NamedTuple

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.catalog import agents
from sim.distributions import Distribution
from sim.scaffold.call_rows import rows_of_turns
from sim.scaffold.call_tokens import draw_forgetful, draw_tokens
from sim.scaffold.context_growth import grow_contexts
from sim.scaffold.session_effects import PilotScores
from sim.scaffold.session_turns import draw_turns
from sim.scaffold.turns import draw_tool_steps, draw_turns_of
from sim.scenario import load_scenario
from sim.scenario.resolved import Actor
from sim.traces import read_trace

SESSIONS, SAMPLE, WINDOW = 40_000, 20_000, 200_000
LENGTHS, UPDATES = 220, 20_000
LEVELS = (0, 0.01, *(round(0.02 * k, 2) for k in range(1, 50)), 0.99, 1)


Pairs = list[tuple[float, int]]


def growth_of_calls(actor: Actor, output: Distribution) -> Ints:
    """Return by how much the input of each call exceeds that of the first of its session."""
    rng = np.random.default_rng(0)
    agent = agents()["chat"].model_copy(
        update={"base_context_tokens": Distribution(constant=1), "output_tokens": output}
    )
    turns_per_session = draw_turns(actor, SESSIONS, rng)
    steps = draw_tool_steps(actor, int(turns_per_session.sum()), rng)
    turns = draw_turns_of(actor, steps, rng)

    rngs = cache(lambda purpose: np.random.default_rng([0, *purpose.encode()]))
    forgetful = draw_forgetful(agent, SESSIONS, rngs("history"))
    rows = rows_of_turns(turns, turns_per_session, forgetful)
    window, static = np.full(len(rows), WINDOW), np.full(SESSIONS, agent.static_prefix_tokens)
    scores = PilotScores(agent, np.ascontiguousarray(rows["session"]), rngs)
    tokens = draw_tokens(agent, window, rows, None, scores, grow_contexts, None, static)
    return tokens.growth.tokens - 1


def first_lengths(inputs: Ints, growth: Ints) -> tuple[Floats, Floats]:
    """Return lengths of first calls, and the share of each, that give `inputs` when grown."""
    lengths = np.unique(np.rint(np.geomspace(5, inputs.max(), LENGTHS)))
    grown = np.sort(np.random.default_rng(1).choice(growth, SAMPLE))
    edges = np.unique(np.quantile(inputs, np.linspace(0, 1, 401)))

    wanted = np.searchsorted(np.sort(inputs), edges, side="right") / len(inputs)
    given = np.searchsorted(grown, edges[:, None] - lengths, side="right") / SAMPLE
    share = np.full(len(lengths), 1 / len(lengths))
    for _ in range(UPDATES):
        share *= (given.T @ wanted) / (given.T @ (given @ share))
    return lengths, share / share.sum()


def quantiles(lengths: Floats, share: Floats) -> Pairs:
    """Return pairs of probability and length, each share spread around its length."""
    edges = np.sqrt(lengths[:-1] * lengths[1:])
    edges = np.concatenate([lengths[:1], edges, lengths[-1:]])
    below = np.concatenate([[0.0], np.cumsum(share)])
    held = np.flatnonzero(np.diff(below, prepend=-1.0) > 0)
    at = np.exp(np.interp(LEVELS, below[held], np.log(edges[held])))
    return [(p, round(n)) for p, n in zip(LEVELS, at.tolist(), strict=True)]


def written(pairs: Pairs) -> str:
    """Return quantiles as agents.yaml has them."""
    return "{quantiles: [" + ", ".join(f"[{p:g}, {n}]" for p, n in pairs) + "]}"


def distance(first: Floats, second: Floats) -> float:
    """Return the largest distance of two distribution functions (Kolmogorov and Smirnov)."""
    first, second = np.sort(first), np.sort(second)
    at = np.concatenate([first, second])
    below = [np.searchsorted(x, at, side="right") / len(x) for x in (first, second)]
    return float(np.abs(below[0] - below[1]).max())


class Fit(NamedTuple):
    """What is found on one part of the trace.

    Attributes
    ----------
    base, output
        Pairs of probability and tokens: of the first calls, and of all answers.
    input_distance, output_distance
        By part of the trace, how far all calls are from it that the simulator makes of these.
    """

    base: Pairs
    output: Pairs
    input_distance: dict[str, float]
    output_distance: dict[str, float]


def fitted() -> Fit:
    """Find the lengths on the part for fitting, and hold them against both parts."""
    rows = read_trace("azure_chat").rows
    parts = {name: rows[rows["part"] == name] for name in ("fit", "test")}
    inputs, answers = (parts["fit"][f"{kind}_tokens"].to_numpy() for kind in ("input", "output"))

    at = np.quantile(answers, LEVELS).tolist()
    output_pairs = [(p, int(n)) for p, n in zip(LEVELS, at, strict=True)]
    output = Distribution.model_validate({"quantiles": output_pairs})
    growth = growth_of_calls(load_scenario("typology_l02").actors[0], output)
    base_pairs = quantiles(*first_lengths(inputs, growth))

    rng = np.random.default_rng(2)
    base = Distribution.model_validate({"quantiles": base_pairs})
    drawn = {
        "input_tokens": np.rint(base.sample(rng, len(growth))) + growth,
        "output_tokens": np.rint(output.sample(rng, len(growth))),
    }
    far = [
        {part: distance(values, rows[column].to_numpy(float)) for part, rows in parts.items()}
        for column, values in drawn.items()
    ]
    return Fit(base_pairs, output_pairs, *far)


def main() -> None:
    """Print both distributions, and how far they are from either part of the trace."""
    fit = fitted()
    lines = [f"base_context_tokens: {written(fit.base)}", f"output_tokens: {written(fit.output)}"]
    for part, far in fit.input_distance.items():
        lines.append(f"{part}: input {far:.3f}, output {fit.output_distance[part]:.3f}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
