"""What happens to payments: authorisations, charges, declines, disputes and refunds.

All of it follows from what pays, how an account was used, and the numbers of its account and its
instrument: so what happens to one account does not depend on which others there are.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sim.arrays.time import DAY_US, FOREVER_US, HOUR_US, SECOND_US
from sim.arrays.types import Bools, Floats, Ints
from sim.catalog import payment_kinds, payment_timing
from sim.entities.accounts import Accounts
from sim.entities.payments import CARD_TYPES
from sim.output.delays import lognormal_us
from sim.streams import U64, Ids, Streams, mixed, uniforms
from sim.tables.words import AUTHORISATION, CHARGE, DECLINE, DISPUTE, REFUND

ACCESS = (*CARD_TYPES, "stolen")
"""The kinds of access: the types of instruments, and cards that are stolen."""

# The standard deviations of logarithms, as the notes of the data say.
_GIVEN_SIGMA, _LAG_SIGMA, _KNOWN_SIGMA, _REFUND_SIGMA = 1.0, 0.4, 0.7, 0.7
# Bills run at night, a card is tried again after a minute or so, and a bank passes the disputes of
# a statement on within an hour.
_NIGHT_US, _TRY_AGAIN_US, _PASSED_ON_US = 6 * HOUR_US, 90 * SECOND_US, HOUR_US


@dataclass(frozen=True)
class Payers:
    """Accounts whose payments the provider sees; arrays of shape (payers,).

    Attributes
    ----------
    account_id, instrument
        Who pays, and with what.
    access
        Index into `ACCESS`.
    created_us
        Sign-up, in microseconds of the log, as all times are.
    first_us, last_us
        The first and the last exchange in the log; both the sign-up without any.
    cents
        What the exchanges in the log cost, in 0.01 USD.
    """

    account_id: Ids
    instrument: Ids
    access: Ints
    created_us: Ints
    first_us: Ints
    last_us: Ints
    cents: Ints

    def __len__(self) -> int:
        return len(self.account_id)

    def rows(self, index: Bools) -> Payers:
        """Return some of them."""
        return Payers(**{name: values[index] for name, values in vars(self).items()})


@dataclass
class Ledger:
    """Events of payments as columns of shape (events,), in no order.

    `payer` indexes `Payers`, `kind` the words `PAYMENT_EVENTS`. `known_us`: when the provider
    learns of it.
    """

    payer: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    kind: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    at_us: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    known_us: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    cents: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    def add(
        self, payer: Ints, kind: int, at_us: Ints, cents: Ints, known_us: Ints | None = None
    ) -> None:
        """Append events of one kind, each known at once unless `known_us` says otherwise."""
        added = (payer, np.full(len(payer), kind), at_us, at_us if known_us is None else known_us)
        for name, values in zip(vars(self), (*added, cents), strict=True):
            setattr(self, name, np.concatenate([getattr(self, name), values]))

    def known_before(self, us: int) -> Ledger:
        """Return the events that the provider knows of before a moment."""
        known = self.known_us < us
        return Ledger(*(values[known] for values in vars(self).values()))


def access_of(accounts: Accounts) -> Ints:
    """Return the kind of access of each account, an index into `ACCESS`, shape (accounts,)."""
    return np.where(accounts.stolen, ACCESS.index("stolen"), accounts.card_kind)


def payment_events(payers: Payers, streams: Streams, closes_us: int) -> Ledger:
    """Return what happens to the payments of accounts.

    A card is given at the sign-up, and charged once in each billing period for what was used since
    the last time, as if the cost of the log were spread evenly between the first and the last
    exchange. An attempt is declined with the share of its kind of access and made again some days
    later, four times in all. The owner of an instrument looks at its statements after a delay, and
    disputes all that one of them holds or nothing: so accounts whose charges stand on one statement
    are disputed together. What the same account would be charged after that is declined. Other
    accounts that pay with the instrument go on until a statement with charges of theirs is
    disputed.

    Parameters
    ----------
    payers
        Who pays with what, and for what.
    streams
        Random streams: draws are by account, or by instrument.
    closes_us
        End of the log. What the provider does not know 180 days later is left out.
    """
    return _Cashier(payers, streams).events(closes_us)


def card_given_us(payers: Payers, streams: Streams) -> Ints:
    """Return when each account's instrument was accepted at its sign-up, shape (payers,)."""
    return _Cashier(payers, streams).sign_up()


class _Cashier:
    """Charges the payers one billing period after the other."""

    def __init__(self, payers: Payers, streams: Streams) -> None:
        self._payers, self._streams = payers, streams
        self._timing = payment_timing()
        self._rates = payment_kinds()
        self._ledger = Ledger()
        # from when on each payer is charged no more; others may pay with the same instrument
        self._blocked_us: Ints = np.full(len(payers), FOREVER_US)

    def events(self, closes_us: int) -> Ledger:
        """Return all events that are known in time."""
        self.sign_up()
        self._bill_periods()
        return self._ledger.known_before(closes_us + self._days("known_for_days"))

    # Draws, by account or by instrument, and values of the data

    def _by_account(self, rows: Ints, *purpose: str | int) -> U64:
        return mixed(self._streams.key("payments", *purpose), self._payers.account_id[rows])

    def _by_statement(self, rows: Ints, statement: Ints, purpose: str) -> U64:
        key = self._streams.key("payments", purpose)
        return mixed(mixed(key, self._payers.instrument[rows]), statement)

    def _share(self, name: str, rows: Ints) -> Floats:
        """Return a rate of the access of some payers; 0 of what is never seen."""
        of_access = [getattr(self._rates[a], name) if a in self._rates else 0.0 for a in ACCESS]
        return np.array(of_access)[self._payers.access[rows]]

    def _days(self, name: str) -> int:
        return round(self._timing[name] * DAY_US)

    # The steps

    def sign_up(self) -> Ints:
        """Try the instrument until it is accepted; return when that was."""
        rows = np.arange(len(self._payers))
        given_us = self._payers.created_us + lognormal_us(
            self._by_account(rows, "given"),
            round(self._timing["card_given_median_s"] * SECOND_US),
            _GIVEN_SIGMA,
        )

        for attempt in range(self._attempts - 1):
            u = uniforms(self._by_account(rows, "sign-up", attempt))
            rows = rows[u < self._share("decline_share", rows)]
            self._ledger.add(rows, DECLINE, given_us[rows], np.zeros(len(rows), np.int64))
            again = self._by_account(rows, "again", attempt)
            given_us[rows] += lognormal_us(again, _TRY_AGAIN_US, _GIVEN_SIGMA)

        everybody = np.arange(len(self._payers))
        self._ledger.add(everybody, AUTHORISATION, given_us, np.zeros(len(everybody), np.int64))
        return given_us

    @property
    def _attempts(self) -> int:
        return int(self._timing["attempts_most"])

    def _bill_periods(self) -> None:
        """Charge what was used, at the end of each billing period since the sign-up."""
        payers, period_us = self._payers, self._days("billing_period_days")
        if not len(payers):
            return

        used_us = payers.last_us - payers.first_us
        age_periods = (payers.first_us - payers.created_us) // period_us
        first_due_us = payers.created_us + (age_periods + 1) * period_us
        billed = np.zeros(len(payers), np.int64)

        for number in range(int(used_us.max()) // period_us + 2):
            due_us = first_due_us + number * period_us
            share = np.clip((due_us - payers.first_us) / np.maximum(used_us, 1), 0, 1)
            total = np.rint(payers.cents * share).astype(np.int64)
            owing = np.flatnonzero(total > billed)
            self._charge(owing, due_us[owing], (total - billed)[owing], number)
            billed = total

    def _charge(self, rows: Ints, due_us: Ints, cents: Ints, number: int) -> None:
        """Try to charge some payers until it works, a few times at most."""
        night = uniforms(self._by_account(rows, "night", number))
        at_us = due_us + (night * _NIGHT_US).astype(np.int64)

        for attempt in range(self._attempts):
            u = uniforms(self._by_account(rows, "attempt", number, attempt))
            accepted = (u >= self._share("decline_share", rows)) & (at_us < self._blocked_us[rows])
            self._settle(rows[accepted], at_us[accepted], cents[accepted], number)

            rows, at_us, cents = rows[~accepted], at_us[~accepted], cents[~accepted]
            self._ledger.add(rows, DECLINE, at_us, cents)
            wait = uniforms(self._by_account(rows, "retry", number, attempt))
            at_us = at_us + self._days("retry_after_days") + (wait * _NIGHT_US).astype(np.int64)

    def _settle(self, rows: Ints, at_us: Ints, cents: Ints, number: int) -> None:
        """Take the money, and give some of it back: by a refund, or because it is disputed."""
        self._ledger.add(rows, CHARGE, at_us, cents)
        u = uniforms(self._by_account(rows, "refunded", number))
        refunded = u < self._share("refund_share", rows)
        takes_us = lognormal_us(
            self._by_account(rows, "refund after", number),
            self._days("refund_after_median_days"),
            _REFUND_SIGMA,
        )
        back_us = at_us + np.minimum(takes_us, self._days("refund_after_most_days"))
        self._ledger.add(rows[refunded], REFUND, back_us[refunded], cents[refunded])

        kept = ~refunded
        self._dispute(rows[kept], at_us[kept], cents[kept], number)

    def _dispute(self, rows: Ints, at_us: Ints, cents: Ints, number: int) -> None:
        """Have the owners of instruments dispute the statements on which charges stand."""
        period_us, once = self._days("statement_period_days"), np.zeros(len(rows), np.int64)
        lag_us = lognormal_us(
            self._by_statement(rows, once, "lag"),
            self._days("dispute_lag_median_days"),
            _LAG_SIGMA,
        )
        least, most = self._days("dispute_lag_least_days"), self._days("dispute_lag_most_days")
        noticed_us = at_us + np.clip(lag_us, least, most)

        # the owner's next look at the statements
        day_us = (uniforms(self._by_statement(rows, once, "day")) * period_us).astype(np.int64)
        statement = -((day_us - noticed_us) // period_us)
        disputed = uniforms(self._by_statement(rows, statement, "disputed")) < self._share(
            "dispute_share", rows
        )
        passed_on = uniforms(self._by_account(rows, "passed on", number))
        at_us = day_us + statement * period_us + (passed_on * _PASSED_ON_US).astype(np.int64)

        takes_us = lognormal_us(
            self._by_statement(rows, statement, "known"),
            self._days("dispute_known_median_days"),
            _KNOWN_SIGMA,
        )
        known_us = at_us + np.minimum(takes_us, self._days("dispute_known_most_days"))
        rows, at_us = rows[disputed], at_us[disputed]
        self._ledger.add(rows, DISPUTE, at_us, cents[disputed], known_us[disputed])
        self._blocked_us[rows] = np.minimum(self._blocked_us[rows], at_us)
