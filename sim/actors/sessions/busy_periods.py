"""Busy periods: an organisation's work between pauses so long that nothing is left of before."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from sim.actors.provider_service import ProviderService
from sim.arrays.types import Bools, Ints
from sim.entities.accounts import Accounts
from sim.world.rate_limited import RateLimitedLoop, Work


def forget_us(accounts: Accounts, service: ProviderService) -> Ints:
    """Return the pause after which the provider has forgotten an organisation.

    Then its buckets are full and its prompt cache has expired. Shape (organisations + 1,); the
    last is for those that send nothing.
    """
    lifetime_us = np.zeros(no_organisation(accounts) + 1, np.int64)
    np.maximum.at(lifetime_us, accounts.organisation, accounts.cache_lifetime_us)
    return np.maximum(lifetime_us, service.longest_refill_us)


def no_organisation(accounts: Accounts) -> int:
    """Return the number of an organisation that none of `accounts` belongs to."""
    return int(accounts.organisation.max()) + 1


class BusyPeriods:
    """The sessions of each organisation, cut into regenerative cycles.

    A pause in which its buckets fill up and its cache expires is a regeneration point: after it,
    an organisation meets the provider as if for the first time. So what happens in one busy period
    does not depend on those before, unless a limit makes them last longer. Periods are in order of
    organisation and time; `period_of_session` has shape (sessions,).
    """

    def __init__(self, organisation: Ints, start_us: Ints, end_us: Ints, forget_us: Ints) -> None:
        """Cut sessions wherever an organisation has paused for longer than its `forget_us`.

        Parameters
        ----------
        organisation, start_us, end_us
            Sessions in any order, shape (sessions,); ends as if nothing were limited.
        forget_us
            The pause by organisation after which nothing is left of before.
        """
        self._start_us, self._forget_us = start_us, forget_us
        self._order = order = np.lexsort((start_us, organisation))
        owner, start, end = organisation[order], start_us[order], end_us[order]
        new_owner = np.diff(owner, prepend=-1) != 0

        # the latest end so far of each owner; a shift by owner lets one running maximum serve all
        rank = np.cumsum(new_owner) - 1
        shift = rank * (int(end.max(initial=0) - start.min(initial=0)) + 1)
        latest_end = np.maximum.accumulate(end + shift) - shift

        rested = start[1:] > latest_end[:-1] + forget_us[owner[1:]]
        opens = new_owner | np.concatenate([[True], rested])[: len(order)]
        self._first = np.flatnonzero(opens)
        self._owner = owner[self._first]
        self.period_of_session: Ints = np.empty(len(order), np.int64)
        self.period_of_session[order] = np.cumsum(opens) - 1

    def run_into_next(self, repaid_us: Ints) -> Bools:
        """Tell after which periods the pause is too short for what they leave behind.

        Parameters
        ----------
        repaid_us
            When output that a period owes to its buckets is repaid, shape (periods,). From then
            on they need the pause of their owner to fill.
        """
        next_us = self._start_us[self._order[self._first[1:]]]
        same_owner = self._owner[1:] == self._owner[:-1]
        runs_into = repaid_us[:-1] + self._forget_us[self._owner[:-1]] >= next_us
        return np.append(same_owner & runs_into, False)[: len(self)]

    def __len__(self) -> int:
        return len(self._first)

    def simulate(
        self,
        limited: Bools,
        make_loop: Callable[[int], RateLimitedLoop],
        work_of: Callable[[int], tuple[Work, int]],
        horizon_us: int,
    ) -> Bools:
        """Simulate the `limited` busy periods event by event.

        Where a limit makes a period last into the pause after it, the next period of the
        organisation is simulated with it.

        Parameters
        ----------
        limited
            Periods that may hit a limit, shape (periods,).
        make_loop
            Makes an event loop that begins at a time.
        work_of
            Returns the work that holds a session, and the session's number there.
        horizon_us
            End of the log.

        Returns
        -------
        array of shape (periods,)
            Which periods were simulated.
        """
        simulated = limited.copy()
        period = 0
        while period < len(self):
            if limited[period]:
                period = self._simulate_from(period, simulated, make_loop, work_of, horizon_us)
            else:
                period += 1
        return simulated

    def _simulate_from(
        self,
        period: int,
        simulated: Bools,
        make_loop: Callable[[int], RateLimitedLoop],
        work_of: Callable[[int], tuple[Work, int]],
        horizon_us: int,
    ) -> int:
        """Simulate a period and those that it runs into; return the number of the next."""
        loop = make_loop(self._starts_us(period))
        # each pass goes on to the next period of the owner, of whom there is a last one
        while True:
            simulated[period] = True
            for session in self._sessions(period):
                loop.open(*work_of(session), int(self._start_us[session]))

            period += 1
            if period == len(self) or self._owner[period] != self._owner[period - 1]:
                loop.run(horizon_us)
                return period

            # does the pause before the next period still last for long enough?
            pause_opens_us = self._starts_us(period) - int(self._forget_us[self._owner[period]])
            loop.run(pause_opens_us)
            if loop.is_idle and loop.repaid_us < pause_opens_us:
                return period

    def _starts_us(self, period: int) -> int:
        return int(self._start_us[self._order[self._first[period]]])

    def _sessions(self, period: int) -> Iterator[int]:
        last = self._first[period + 1] if period + 1 < len(self) else len(self._order)
        yield from self._order[self._first[period] : last].tolist()
