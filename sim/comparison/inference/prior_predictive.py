"""Predictive draws: what an explanation makes a provider see and an accuser report.

One draw goes through the whole chain: the dials from their priors; the tasks, by how many take how
many calls; attempts, empty answers, refusals and further completions, so that all six conventions
hold; the accounts and how the exchanges spread over them; the convention that is counted; what the
accuser finds and adds; and whether that is large enough to be published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.comparison.claims.observables import OBSERVABLES
from sim.comparison.hypotheses.model import OF_ACCESS, Hypothesis
from sim.comparison.inference.tasks import Dials, do_work
from sim.counting import CONVENTIONS

BLOCK = 2_500
_SPREAD_OVER = 128
_MOST_FOREIGN = 0.999


@dataclass(frozen=True)
class Draws:
    """`n` draws of one explanation.

    `dials`: by column name, (n,); choices as the place of the name. `counts`: (6, n) by convention
    C1 to C6, of the whole cluster. `by_work`: the same by work. `accounts`: of the cluster, (n,).
    `convention`: which one is counted, its place in C1 to C6, (n,). `reported`: by observable,
    (n,), as the accuser has them, NaN where not defined. `published`: whether the count is above
    the threshold, (n,). `kind`: latent class, (n,): twice the place of the access mode, plus 1 if
    it is one account.
    """

    dials: Mapping[str, Floats]
    counts: Ints
    by_work: Mapping[str, Ints]
    accounts: Ints
    convention: Ints
    reported: Mapping[str, Floats]
    published: Bools
    kind: Ints

    def __len__(self) -> int:
        return len(self.accounts)

    def observed(self, convention: str = "C2") -> dict[str, Floats]:
        """Return the observables of the whole cluster, counted under one convention, (n,) each."""
        count = self.counts[list(CONVENTIONS).index(convention)].astype(np.float64)
        whole = {"count": count, "accounts": self.accounts.astype(np.float64)}
        return {**self.reported, **whole, "exchanges_per_account": count / self.accounts}


def draw(hypothesis: Hypothesis, u: Floats, rng: np.random.Generator) -> Draws:
    """Draw from an explanation; `u` (n, columns) uniforms in [0, 1), one for each dial.

    `rng` draws what is left when all dials are given: the lengths of the tasks, failures, which
    accounts are found. Blocks bound the memory.
    """
    return join([_draw(hypothesis, u[k : k + BLOCK], rng) for k in range(0, len(u), BLOCK)])


def join(blocks: list[Draws]) -> Draws:
    """Return the draws of all blocks one after the other."""
    if len(blocks) == 1:
        return blocks[0]

    def each(name: str) -> dict[str, Floats]:
        parts = [getattr(block, name) for block in blocks]
        return {key: np.concatenate([part[key] for part in parts], axis=-1) for key in parts[0]}

    def whole(name: str) -> Ints:
        return np.concatenate([getattr(block, name) for block in blocks], axis=-1)

    return Draws(
        dials=each("dials"),
        counts=whole("counts"),
        by_work=each("by_work"),  # type: ignore[arg-type]
        accounts=whole("accounts"),
        convention=whole("convention"),
        reported=each("reported"),
        published=whole("published").astype(np.bool_),
        kind=whole("kind"),
    )


def _draw(h: Hypothesis, u: Floats, rng: np.random.Generator) -> Draws:
    dials = Dials(h.columns, u)
    done = {key: do_work(h, key, dials, rng) for key in h.work}
    for name, prior in h.common.items():
        if name != "convention":
            dials.number(name, prior)
    by_work = {k: _conventions(x.calls, x.tasks, dials.values, rng) for k, x in done.items()}
    counts = np.sum(list(by_work.values()), axis=0)
    tasks = counts[5]
    distinct = np.sum([x.distinct for x in done.values()], axis=0)
    mode = _access(h, dials)
    wanted = np.clip(np.rint(dials.values["access.accounts"]), 1, np.maximum(tasks, 1))
    accounts = wanted.astype(np.int64)
    first_time = distinct * (1 - dials.values["repeat_share"]) / np.maximum(tasks, 1)
    seen = {
        "exchanges_per_task": counts[1] / np.maximum(counts[4], 1),
        "item_repetition": np.clip(1 - first_time, 0, 1),
        "moved_24h": dials.values["uptake.moved"],
        "concentration": _concentration(accounts, dials.values["access.volume_sigma"], rng),
        **_of_pairs(accounts, dials.values, rng),
    }
    order = [list(CONVENTIONS).index(x) for x in h.common["convention"].names]
    convention = np.array(order)[dials.pick("convention", h.common["convention"])]
    counted = counts[convention, np.arange(len(u))]
    reported = {**_accused(counted, accounts, dials.values, rng), **seen}
    return Draws(
        dials=dials.values,
        counts=counts,
        by_work=by_work,
        accounts=accounts,
        convention=convention,
        reported={x: reported[x] for x in OBSERVABLES},
        published=reported["count"] > dials.values["published_over"],
        kind=2 * mode + (accounts == 1),
    )


def _conventions(
    calls: Ints, tasks: Ints, dials: Mapping[str, Floats], rng: np.random.Generator
) -> Ints:
    """Return C1 to C6, (6, n), from answered calls (C2) and tasks (C6)."""
    attempts = calls + rng.poisson(calls * dials["retries_per_answer"])
    generated = calls - rng.binomial(calls, dials["empty_share"])
    usable = generated - rng.binomial(generated, dials["refusal_share"])
    usable += rng.poisson(generated * dials["more_choices"])
    turns = tasks - rng.binomial(tasks, dials["empty_share"])
    return np.stack([attempts, calls, generated, usable, turns, tasks])


def _access(h: Hypothesis, dials: Dials) -> Ints:
    """Draw how the cluster looks and what a release moves; return the access mode, (n,)."""
    mode = dials.pick("access", h.access)
    for name in OF_ACCESS:
        priors = tuple(getattr(h.modes[x], name) for x in h.access.names)
        dials.by_mode(f"access.{name}", mode, priors)
    uptake = dials.pick("uptake", h.uptake)
    dials.by_mode("uptake.moved", uptake, tuple(h.uptakes[x].moved for x in h.uptake.names))
    return mode


def _concentration(accounts: Ints, sigma: Floats, rng: np.random.Generator) -> Floats:
    """Return the Gini coefficient of lognormal volumes over the accounts, (n,); NaN for one.

    Up to 128 accounts are drawn one by one. Of more, the coefficient is that of the distribution,
    2 Phi(sigma / sqrt 2) - 1 (Aitchison and Brown, The Lognormal Distribution, 1957).
    """
    from scipy.special import ndtr

    gini = 2 * ndtr(sigma / np.sqrt(2)) - 1
    few = np.flatnonzero(accounts <= _SPREAD_OVER)
    if len(few):
        n, places = accounts[few, None], np.arange(_SPREAD_OVER)
        volumes = np.exp(sigma[few, None] * rng.standard_normal((len(few), _SPREAD_OVER)))
        volumes[places >= n] = np.inf
        volumes.sort(axis=1)
        volumes[places >= n] = 0
        ranks = (2 * (places + 1) - n[:, :1] - 1) * volumes
        gini[few] = ranks.sum(axis=1) / (n[:, 0] * volumes.sum(axis=1))
    return np.where(accounts > 1, gini, np.nan)


def _of_pairs(
    accounts: Ints, dials: Mapping[str, Floats], rng: np.random.Generator
) -> dict[str, Floats]:
    """Return what accounts have in common, NaN for one: synchrony and shared instruments, (n,)."""
    alone = accounts == 1
    shared = rng.binomial(accounts, dials["access.shared_instruments"]) / accounts
    shared[(shared * accounts) == 1] = 0  # one account cannot share with nobody
    return {
        "synchrony": np.where(alone, np.nan, dials["access.synchrony"]),
        "shared_instruments": np.where(alone, np.nan, shared),
    }


def _accused(
    counted: Ints, accounts: Ints, dials: Mapping[str, Floats], rng: np.random.Generator
) -> dict[str, Floats]:
    """Return count and accounts as the accuser links them, (n,) each.

    Each account of a cluster of several is found by itself; the count follows the accounts. Found
    clusters also hold accounts of others, at most 999 in a thousand, which bring their share of the
    exchanges.
    """
    several = accounts > 1
    found = np.where(several, np.maximum(rng.binomial(accounts, dials["found_share"]), 1), 1)
    own = 1 - np.where(several, np.minimum(dials["foreign_share"], _MOST_FOREIGN), 0)
    count = np.rint(counted * (found / accounts) / own)
    linked = np.rint(found / own)
    return {"count": count, "accounts": linked, "exchanges_per_account": count / linked}
