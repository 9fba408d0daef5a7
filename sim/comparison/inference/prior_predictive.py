"""Prior predictive draws: what a hypothesis makes a provider see and an accuser report.

One draw goes through the whole chain: the parameters from their priors; the tasks, by how many take
how many calls; attempts, empty answers, refusals and further completions, so that all six
conventions hold; the accounts and how the exchanges spread over them; the convention that is
counted; what the accuser finds and adds; and whether that is large enough to be published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.comparison.claims.observables import OBSERVABLES
from sim.comparison.hypotheses.model import Hypothesis
from sim.comparison.hypotheses.parameters import ACCESS_PARAMETERS
from sim.comparison.inference.tasks import ParameterDraws, do_work
from sim.tables.conventions import CONVENTIONS

# Draws that are made at once; it bounds the memory, and the streams depend on it.
BLOCK = 2_500
_CONVENTION_NAMES = list(CONVENTIONS)
# Accounts of which volumes are drawn one by one.
_SPREAD_OVER = 128
_MOST_FOREIGN = 0.999

_Classes = TypeVar("_Classes", int, Ints)


@dataclass(frozen=True)
class Draws:
    """Prior predictive draws of one hypothesis, `n` of them; `len` gives n.

    Attributes
    ----------
    parameters:
        Values by column name, (n,) each; of a choice the place of the name.
    counts:
        Exchanges of the whole cluster by convention C1 to C6, (6, n).
    by_work:
        The same by work; they add up to `counts`.
    accounts:
        Accounts of the cluster, (n,), at least 1.
    convention:
        The convention that is counted, as its place in C1 to C6, (n,).
    reported:
        By observable, (n,) each, as the accuser has them; NaN where not defined.
    published:
        Whether the reported count is above the threshold, (n,).
    latent_class:
        Number of the latent class, (n,), see `latent_classes`.
    """

    parameters: Mapping[str, Floats]
    counts: Ints
    by_work: Mapping[str, Ints]
    accounts: Ints
    convention: Ints
    reported: Mapping[str, Floats]
    published: Bools
    latent_class: Ints

    def __len__(self) -> int:
        return len(self.accounts)

    def observed(self, convention: str = "C2") -> dict[str, Floats]:
        """Return the observables of the whole cluster, without an accuser's errors.

        Parameters
        ----------
        convention:
            The convention under which exchanges are counted, C1 to C6.

        Returns
        -------
        dict
            By observable, (n,) each. Count, accounts and exchanges per account are those of the
            whole cluster; the others are the same as reported, for no error is modelled in them.
        """
        count = self.counts[_CONVENTION_NAMES.index(convention)].astype(np.float64)
        accounts = self.accounts.astype(np.float64)
        per_account = count / self.accounts
        whole_cluster = {
            "count": count,
            "accounts": accounts,
            "exchanges_per_account": per_account,
        }
        return {**self.reported, **whole_cluster}


def latent_classes(mode: Ints, accounts: Ints) -> Ints:
    """Return the latent class of each draw: twice the place of the access mode, +1 for 1 account.

    Observables that compare accounts are not defined for a cluster of one, so it is a class apart.
    """
    return np.asarray(2 * mode + (accounts == 1))


def access_mode_of(latent_class: _Classes) -> _Classes:
    """Return the place of the access mode of latent classes."""
    return latent_class // 2


def draw(hypothesis: Hypothesis, u: Floats, rng: np.random.Generator) -> Draws:
    """Draw from a hypothesis, in blocks that bound the memory.

    Parameters
    ----------
    hypothesis:
        What is drawn from.
    u:
        Uniforms in [0, 1), (n, columns), a column for each of `hypothesis.columns`.
    rng:
        Draws what is left when all parameters are given: the lengths of the tasks, failures, which
        accounts are found.

    Returns
    -------
    Draws
        One for each row of `u`, in the same order.
    """
    blocks = [_draw(hypothesis, u[k : k + BLOCK], rng) for k in range(0, len(u), BLOCK)]
    return join(blocks)


def join(blocks: list[Draws]) -> Draws:
    """Return the draws of all blocks one after the other; at least one block."""
    if len(blocks) == 1:
        return blocks[0]

    def joined(name: str) -> Ints:
        """Join an array of all blocks along the draws, its last axis."""
        return np.concatenate([getattr(block, name) for block in blocks], axis=-1)

    def joined_by_key(name: str) -> dict[str, Floats]:
        """Join the arrays of a mapping, which has the same keys in all blocks."""
        parts = [getattr(block, name) for block in blocks]
        return {key: np.concatenate([part[key] for part in parts], axis=-1) for key in parts[0]}

    return Draws(
        parameters=joined_by_key("parameters"),
        counts=joined("counts"),
        by_work=joined_by_key("by_work"),  # type: ignore[arg-type]
        accounts=joined("accounts"),
        convention=joined("convention"),
        reported=joined_by_key("reported"),
        published=joined("published").astype(np.bool_),
        latent_class=joined("latent_class"),
    )


def _draw(hypothesis: Hypothesis, u: Floats, rng: np.random.Generator) -> Draws:
    """Draw one block: parameters, work, accounts, what is counted, and what is reported.

    The columns of `u` are for parameters alone. The generator is used in a fixed order, so another
    order of these steps would give other draws.
    """
    # The parameters, and the work that they make. The order of these calls is that of the draws.
    drawn = ParameterDraws(hypothesis.columns, u)
    works = {key: do_work(hypothesis, key, drawn, rng) for key in hypothesis.work}
    for name, prior in hypothesis.common.items():
        if name != "convention":
            drawn.number(name, prior)
    values = drawn.values

    # What a provider counts, under each of its conventions.
    by_work = {
        key: _counts_by_convention(work.calls, work.tasks, values, rng)
        for key, work in works.items()
    }
    counts = np.sum(list(by_work.values()), axis=0)
    tasks = counts[_CONVENTION_NAMES.index("C6")]
    distinct = np.sum([work.distinct for work in works.values()], axis=0)

    # The accounts, and what an accuser sees of them.
    mode = _draw_access(hypothesis, drawn)
    accounts = _accounts(hypothesis, mode, values, tasks)
    traffic = {
        "exchanges_per_task": counts[1] / np.maximum(counts[4], 1),
        "item_repetition": _item_repetition(distinct, tasks, values["repeat_share"]),
        "moved_24h": values["uptake.moved"],
        "concentration": _concentration(accounts, values["access.volume_sigma"], rng),
        **_in_common(accounts, values, rng),
    }

    # What is reported, and whether it is published.
    choice = hypothesis.common["convention"]
    places = np.array([_CONVENTION_NAMES.index(name) for name in choice.names])
    convention = places[drawn.pick("convention", choice)]
    counted = counts[convention, np.arange(len(u))]
    reported = {**_as_accused(counted, accounts, values, rng), **traffic}
    return Draws(
        parameters=values,
        counts=counts,
        by_work=by_work,
        accounts=accounts,
        convention=convention,
        reported={name: reported[name] for name in OBSERVABLES},
        published=reported["count"] > values["published_over"],
        latent_class=latent_classes(mode, accounts),
    )


def _counts_by_convention(
    calls: Ints, tasks: Ints, values: Mapping[str, Floats], rng: np.random.Generator
) -> Ints:
    """Return the counts under all six conventions, from answered calls and tasks.

    Failed attempts and further completions are Poisson; empty answers and refusals are binomial. A
    task is an answered user turn (C5) unless its answer is empty, whatever the number of its calls.

    Parameters
    ----------
    calls:
        Answered calls, C2, (n,).
    tasks:
        Tasks, C6, (n,).
    values:
        Common parameters by name, (n,) each.
    rng:
        Draws failures and completions.

    Returns
    -------
    ndarray
        Exchanges, (6, n), in the order C1 to C6.
    """
    attempts = calls + rng.poisson(calls * values["retries_per_answer"])
    generated = calls - rng.binomial(calls, values["empty_share"])
    usable = generated - rng.binomial(generated, values["refusal_share"])
    usable += rng.poisson(generated * values["more_choices"])
    turns = tasks - rng.binomial(tasks, values["empty_share"])
    return np.stack([attempts, calls, generated, usable, turns, tasks])


def _draw_access(hypothesis: Hypothesis, drawn: ParameterDraws) -> Ints:
    """Draw how the cluster looks and what a release moves; return the access mode, (n,).

    The values of the parameters that belong to the drawn mode go to `drawn.values`, under names
    such as `access.accounts` that do not tell the mode.
    """
    mode = drawn.pick("access", hypothesis.access)
    modes = [hypothesis.access_modes[name] for name in hypothesis.access.names]
    for name in ACCESS_PARAMETERS:
        drawn.by_choice(f"access.{name}", mode, tuple(getattr(entry, name) for entry in modes))

    uptake = drawn.pick("uptake", hypothesis.uptake)
    uptakes = [hypothesis.uptakes[name] for name in hypothesis.uptake.names]
    drawn.by_choice("uptake.moved", uptake, tuple(entry.moved for entry in uptakes))
    return mode


def _accounts(
    hypothesis: Hypothesis, mode: Ints, values: Mapping[str, Floats], tasks: Ints
) -> Ints:
    """Return the accounts of each cluster, (n,): whole, at least 1, and at most its tasks.

    An access mode gives their number, or that of each unit of the lever: accounts of a person.
    """
    modes = [hypothesis.access_modes[name] for name in hypothesis.access.names]
    per_lever = np.array([entry.per_lever for entry in modes])[mode]
    wanted = values["access.accounts"] * np.where(per_lever, values[hypothesis.driver], 1)
    return np.clip(np.rint(wanted), 1, np.maximum(tasks, 1)).astype(np.int64)


def _item_repetition(distinct: Floats, tasks: Ints, repeat_share: Floats) -> Floats:
    """Return the share of prompts that were sent before.

    Parameters
    ----------
    distinct:
        Different prompts among the tasks, by the nature of the work, (n,).
    tasks:
        Tasks, one prompt each, (n,). Where there is none, the share is 1.
    repeat_share:
        Share of the different prompts that are sent again for no reason of the work, (n,).

    Returns
    -------
    ndarray
        Shares in [0, 1], (n,).
    """
    first_time = distinct * (1 - repeat_share) / np.maximum(tasks, 1)
    return np.asarray(np.clip(1 - first_time, 0, 1))


def _concentration(accounts: Ints, sigma: Floats, rng: np.random.Generator) -> Floats:
    """Return the Gini coefficient of lognormal volumes over the accounts, (n,); NaN for one.

    Up to 128 accounts are drawn one by one, and the coefficient is 2 sum_i(i x_i) / (k sum x) -
    (k + 1) / k of the k volumes in rising order. Of more, it is that of the distribution,
    2 Phi(sigma / sqrt 2) - 1 (Aitchison and Brown, The Lognormal Distribution, 1957).
    """
    from scipy.special import ndtr

    gini = 2 * ndtr(sigma / np.sqrt(2)) - 1
    few = np.flatnonzero(accounts <= _SPREAD_OVER)
    if len(few):
        size, places = accounts[few, None], np.arange(_SPREAD_OVER)
        volumes = np.exp(sigma[few, None] * rng.standard_normal((len(few), _SPREAD_OVER)))

        # volumes of accounts that are not there go to the end of the order, and count as nothing
        volumes[places >= size] = np.inf
        volumes.sort(axis=1)
        volumes[places >= size] = 0
        ranked = (2 * (places + 1) - size[:, :1] - 1) * volumes
        gini[few] = ranked.sum(axis=1) / (size[:, 0] * volumes.sum(axis=1))
    return np.where(accounts > 1, gini, np.nan)


def _in_common(
    accounts: Ints, values: Mapping[str, Floats], rng: np.random.Generator
) -> dict[str, Floats]:
    """Return what the accounts of a cluster have in common.

    Synchrony is its parameter as drawn. Each account shares an instrument with the drawn
    probability, by itself; that exactly one does is impossible and counts as none.

    Returns
    -------
    dict
        `synchrony` and `shared_instruments`, (n,) each; NaN for a cluster of one account.
    """
    alone = accounts == 1
    shared = rng.binomial(accounts, values["access.shared_instruments"]) / accounts
    shared[(shared * accounts) == 1] = 0  # one account cannot share with nobody
    return {
        "synchrony": np.where(alone, np.nan, values["access.synchrony"]),
        "shared_instruments": np.where(alone, np.nan, shared),
    }


def _as_accused(
    counted: Ints, accounts: Ints, values: Mapping[str, Floats], rng: np.random.Generator
) -> dict[str, Floats]:
    """Return count and accounts as the accuser links them.

    Each account of a cluster of several is found by itself; the count follows the accounts. A
    cluster of several also holds accounts of others, at most 999 in a thousand, which bring their
    share of the exchanges. At least one account is found, and a single account is found for sure.

    Parameters
    ----------
    counted:
        Exchanges of the whole cluster under the counted convention, (n,).
    accounts:
        Accounts of the cluster, (n,).
    values:
        Parameters by column name, (n,) each.
    rng:
        Draws which accounts are found.

    Returns
    -------
    dict
        `count`, `accounts`, and `exchanges_per_account`, (n,) each.
    """
    several = accounts > 1
    linked = np.where(several, np.maximum(rng.binomial(accounts, values["found_share"]), 1), 1)
    foreign = np.where(several, np.minimum(values["foreign_share"], _MOST_FOREIGN), 0)
    genuine = 1 - foreign

    count = np.rint(counted * (linked / accounts) / genuine)
    accused = np.rint(linked / genuine)
    return {"count": count, "accounts": accused, "exchanges_per_account": count / accused}
