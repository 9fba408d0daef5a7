"""Decide what happens to the accounts of one actor, before any of its traffic is made.

The provider acts on what is expected of accounts, not on single exchanges: so the traffic of an
account up to its ban is the same as it would be without one.
"""

from __future__ import annotations

from sim.enforcement.account_states import AccountHistory
from sim.enforcement.operator import Operation
from sim.enforcement.outcome import Outcome
from sim.enforcement.provider import Provider
from sim.enforcement.watched import Watched
from sim.scenario.enforcement_policy import Enforcement, Operator
from sim.streams import Streams


def decide(
    watched: Watched,
    enforcement: Enforcement,
    operator: Operator | None,
    horizon_us: int,
    streams: Streams,
    name: str,
) -> Outcome:
    """Simulate what the provider does in [0, horizon_us), and how the operator reacts.

    What happens to a slot depends on others through reviewers, actions on organisations, sweeps,
    and the budget and the lessons of the operator. A shorter horizon gives the same up to its end.

    Parameters
    ----------
    watched
        What is expected of the actor's slots.
    enforcement
        What the provider does.
    operator
        Who replaces lost accounts; None if nobody does. Only for accounts that are operated.
    horizon_us
        End of the log in microseconds, above 0.
    streams, name
        Random streams, and the name of the actor: its draws depend on it and on the seed alone.

    Raises
    ------
    ValueError
        If the horizon is not positive, or an operator is given for accounts that have none.
    """
    if horizon_us <= 0:
        raise ValueError(f"horizon_us should be positive, not {horizon_us}")
    if operator is not None and not watched.operated:
        raise ValueError("an operator should be given for accounts that are operated only")

    operation = None if operator is None else Operation(operator)
    provider = Provider(watched, enforcement, operation, (streams, name))
    provider.run(horizon_us)

    states = [account for generations in provider.states.values() for account in generations]
    history = AccountHistory(len(watched), states)
    return Outcome(
        accounts=history.accounts(),
        pauses=history.pauses(),
        actions=history.actions(provider.actions),
        spent_usd=0.0 if operation is None else operation.spent_usd,
        replacements=sum(account.generation > 0 for account in states),
        sweeps=provider.sweeps,
        alerts=provider.alerts,
        reviewed=provider.reviews.done,
        backlog=provider.reviews.backlog,
    )
