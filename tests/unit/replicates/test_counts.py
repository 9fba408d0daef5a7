"""What a replicate keeps of the counts of accounts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from sim.replicates.counts import _Counter, _summed
from sim.scaffold.turns import MOST_CHOICES
from sim.tables.conventions import row_weights
from sim.tables.words import END_TURN, REFUSAL

# C1 to C6 of four accounts: the second sent attempts of which none was answered.
COUNTS = np.array(
    [
        [5, 2, 0, 7],
        [4, 0, 0, 7],
        [4, 0, 0, 6],
        [4, 0, 0, 6],
        [2, 0, 0, 3],
        [1, 1, 0, 3],
    ]
)


def population(*sizes: int) -> Any:
    """Actors of so many accounts each, one after the other."""
    firsts = np.cumsum((0, *sizes[:-1])).tolist()
    contexts = [
        SimpleNamespace(first_account=first, accounts=range(size))
        for first, size in zip(firsts, sizes, strict=True)
    ]
    return SimpleNamespace(contexts=contexts, scenario=SimpleNamespace(seed=9))


def test_accounts_with_an_attempt_are_those_that_count() -> None:
    one, other = _summed(population(3, 1), COUNTS, 4).spreads
    assert [spread.accounts for spread in one] == [2] * 6
    assert (one[1].mean, one[1].p50, one[1].max) == (2.0, 2.0, 4)
    assert other[0].accounts == 1


def test_totals_are_by_actor_and_convention() -> None:
    counted = _summed(population(3, 1), COUNTS, 4)
    assert counted.totals.tolist() == [[7, 4, 4, 4, 2, 2], [7, 7, 6, 6, 3, 3]]
    assert (counted.number, counted.seed) == (4, 9)


def test_an_actor_without_an_attempt_has_no_spread() -> None:
    [spreads] = _summed(population(1), COUNTS[:, 2:3], 0).spreads
    assert {(s.accounts, s.mean, s.max) for s in spreads} == {(0, 0.0, 0)}


def test_attempts_are_counted_as_the_weights_of_their_rows_say() -> None:
    rng, calls, attempts, accounts = np.random.default_rng(3), 400, 700, 9
    session = np.sort(rng.integers(0, 30, calls))
    of_session = rng.integers(0, accounts, 30)
    drawn = SimpleNamespace(
        calls=SimpleNamespace(session=session, output_tokens=rng.integers(0, 3, calls)),
        choices=rng.integers(1, MOST_CHOICES + 1, calls),
        finish=rng.choice([REFUSAL, END_TURN], calls),
        opens_turn=rng.random(calls) < 0.5,
    )
    call, status = rng.integers(0, calls, attempts), rng.choice([200, 429, 499], attempts)
    counter = _Counter(accounts)
    made = SimpleNamespace(call=call, status=status)
    counter(drawn, SimpleNamespace(account=of_session), made, call)  # type: ignore[arg-type]

    weights = row_weights(
        status,
        drawn.calls.output_tokens[call],
        drawn.choices[call],
        drawn.finish[call] == REFUSAL,
        opens_turn=drawn.opens_turn[call],
    )
    account = of_session[session[call]]
    for counted, weight in zip(counter.counts, weights.values(), strict=False):
        assert counted.tolist() == np.bincount(account, weight, accounts).tolist()
    assert not counter.counts[-1].any()
