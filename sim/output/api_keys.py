"""API keys: which an account has, in which workspaces of its organisation, and which it uses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.arrays.columns import Columns
from sim.arrays.time import DAY_US, MINUTE_US, NEVER_US
from sim.arrays.types import Ints
from sim.population.population import Population
from sim.streams import U64, Ids, mixed, opaque_ids, uniforms

# Share of accounts older than this that have replaced a key before the log opens; priors.
_REPLACED_SHARE, _OLD_US = 0.3, DAY_US
# A key is made within so long of the account.
_FIRST_KEY_US = 10 * MINUTE_US


@dataclass(frozen=True)
class ApiKeys:
    """The keys of all accounts, laid end to end; arrays of shape (keys,) but for `first`.

    Attributes
    ----------
    first : shape (accounts,)
        Where the keys of each account begin. They are `accounts.keys` of it that may be used, and
        then one that was revoked before the log opened, if the account has one.
    account
        Number of the account in the scenario.
    key_id, workspace_id
        As they are shown.
    created_us, revoked_us
        In microseconds of the log; a key that was not replaced has the revocation 0.
    session_key : shape (accounts,)
        What the choice of a key depends on beside the session.
    """

    first: Ints
    account: Ints
    key_id: Ids
    workspace_id: Ids
    created_us: Ints
    revoked_us: Ints
    session_key: U64

    def used(self, population: Population, rows: Columns) -> Ints:
        """Return which key exchanges use, shape (rows,): one a session, the first ones most."""
        account = rows["account"]
        share = uniforms(mixed(self.session_key[account], rows["session"])) ** 2
        number = (share * population.accounts.keys[account]).astype(np.int64)
        return np.asarray(self.first[account] + number)


def api_keys(population: Population) -> ApiKeys:
    """Return the keys of all accounts; who sends through another's account has the same ones.

    The first key is made within ten minutes of the account, the others later: before the log opens
    or, of accounts that sign up within it, before they begin to send. So every key is there when an
    exchange may use it, and none is made after the log closes.
    """
    accounts, key = population.accounts, population.streams.key
    of_account = mixed(key("pool", "api keys"), accounts.account_id)
    past = mixed(key("pool", "replaced keys"), accounts.account_id)
    is_old = accounts.created_us < -_OLD_US
    replaced = is_old & (uniforms(past) < _REPLACED_SHARE)

    # number of each key within its account; the last is the replaced one
    count = accounts.keys.astype(np.int64) + replaced
    account = np.repeat(np.arange(len(accounts)), count)
    first = np.cumsum(count) - count
    number = np.arange(len(account)) - first[account]
    is_replaced = number == accounts.keys[account]
    of_key = mixed(of_account[account], number)

    # the replaced key was the first one, whose successor was made when it was revoked
    signed_up_us = accounts.created_us[account]
    before_us = _time_for_keys(population)[account]
    replaced_us = uniforms(mixed(past, 1))[account] * before_us
    within_us = np.minimum(before_us, _FIRST_KEY_US)
    within_us = np.where(is_replaced, np.minimum(within_us, replaced_us), within_us)
    soon_us = uniforms(mixed(of_key, 1)) * within_us
    later_us = np.where(number > 0, uniforms(mixed(of_key, 3)) * before_us, soon_us)
    later_us = np.where(replaced[account] & (number == 0), replaced_us, later_us)
    later_us = np.where(is_replaced, soon_us, later_us)
    revoked_us = np.where(is_replaced, signed_up_us + np.rint(replaced_us), 0)

    workspace = (mixed(of_key, 4) % accounts.workspaces[account].astype(np.uint64)).view(np.int64)
    of_organisation = mixed(key("pool", "workspaces"), accounts.org_id[account])
    return ApiKeys(
        first=first,
        account=account,
        key_id=opaque_ids(of_account[account], number),
        workspace_id=opaque_ids(of_organisation, workspace),
        created_us=signed_up_us + np.rint(later_us).astype(np.int64),
        revoked_us=revoked_us.astype(np.int64),
        session_key=mixed(key("pool", "used keys"), accounts.account_id),
    )


def _time_for_keys(population: Population) -> Ints:
    """Return how long after their sign-up accounts make keys, microseconds, shape (accounts,).

    Those that signed up within the log make them before they begin to send; those without such a
    time have their work a day later.
    """
    accounts, closes_us = population.accounts, population.scenario.clock.duration_us
    signed_up_us, begins_us = accounts.created_us, accounts.begins_us
    begins_us = np.where(begins_us > NEVER_US, begins_us, signed_up_us + _FIRST_KEY_US)
    ready_us = np.where(signed_up_us < 0, 0, np.minimum(begins_us, closes_us))
    return np.maximum(ready_us - signed_up_us, 0)
