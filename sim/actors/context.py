"""What the engine asks of an actor, and what the actors share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from sim.actors.prompts import ActorPrompts
from sim.actors.templates import Templates
from sim.arrays.columns import Columns
from sim.arrays.ragged import ranges, starts_of
from sim.arrays.types import Bools, Floats, Ints
from sim.catalog import Agent
from sim.enforcement.budget import Budget
from sim.enforcement.outcome import Outcome
from sim.entities.accounts import DAY_US, Accounts
from sim.entities.behaviour import OWN
from sim.entities.tenure import SlotTimeline
from sim.scaffold.fill import Drawn, Sessions, fill
from sim.scaffold.rows import Placement, task_rows
from sim.scaffold.turns import Turns, mean_session_calls
from sim.scenario.resolved import Actor, Clock, World
from sim.streams import Streams
from sim.world.attempts import Attempts, CallConditions, FailureDraws, Policy
from sim.world.barring import cut
from sim.world.cache import PrefixCache
from sim.world.conditions import ProviderConditions
from sim.world.limit_check import LimitCheck
from sim.world.limits import Sizes
from sim.world.models import ModelTable
from sim.world.rate_limited import RateLimitedLoop
from sim.world.releases import Releases
from sim.world.timing import Settled, settle


@dataclass(frozen=True)
class ActorContext:
    """All that an actor's workload is built on.

    `model_number` maps the actor's own models to rows of `models`; `first_account` is the
    number of its first account in the scenario. `behaviours` are the ways in which its accounts
    behave, `agents` the scaffolds of all of them. `timeline` says which account holds a place when,
    `rate` multiplies what sessions send. `sizes` are the limits by class of model, `outcome`
    is what the provider does about accounts, `budget` what their operator pays.
    """

    actor: Actor
    behaviours: tuple[Actor, ...]
    accounts: Accounts
    timeline: SlotTimeline
    templates: Templates
    prompts: ActorPrompts
    rate: float
    first_account: int
    agents: tuple[Agent, ...]
    models: ModelTable
    model_number: Ints
    clock: Clock
    world: World
    streams: Streams
    conditions: ProviderConditions
    releases: Releases
    failures: FailureDraws
    policy: Policy
    sizes: list[Sizes | None]
    outcome: Outcome
    budget: Budget

    def beginning_at(self, first_account: int, everyone: Accounts) -> ActorContext:
        """The same with its accounts those of `everyone` from there on, which are not copied."""
        own = slice(first_account, first_account + len(self.accounts))
        return replace(self, first_account=first_account, accounts=everyone.rows(own))

    @property
    def first_accounts(self) -> Accounts:
        """The first account of every place."""
        return self.accounts.rows(slice(self.actor.accounts))

    @cached_property
    def queue_slots(self) -> int:
        """How many of the places, the first ones, work off a queue; the others open sessions."""
        if self.actor.arrival != "queue":
            return 0
        return int(np.searchsorted(self.first_accounts.mode, OWN, side="right"))

    @cached_property
    def behaviour_of_agent(self) -> list[Actor]:
        """Who uses each of the scaffolds."""
        return [behaviour for behaviour in self.behaviours for _ in behaviour.agents]

    @cached_property
    def session_calls(self) -> list[float]:
        """Expected exchanges of a session, by behaviour."""
        return [mean_session_calls(behaviour) for behaviour in self.behaviours]

    @property
    def horizon_us(self) -> int:
        return self.clock.duration_us

    @cached_property
    def call_conditions(self) -> CallConditions:
        """What decides what becomes of the actor's calls."""
        return CallConditions(self.conditions, self.failures, self.policy, self.horizon_us)

    @property
    def working_us(self) -> int:
        """The time that the actor has for its work within the log."""
        rest_us = self.horizon_us - (self.actor.starts_us or 0)
        return rest_us if self.actor.lasts_us is None else self.actor.lasts_us

    @property
    def warm_up_us(self) -> int:
        """How long a new account has nothing to do with the list."""
        operator = self.actor.operator
        return 0 if operator is None else round(operator.warm_up_days * DAY_US)

    @property
    def ready_us(self) -> Ints:
        """When each account may begin with the list."""
        return self.accounts.created_us + self.warm_up_us

    def warms_up(self, account: Ints, at_us: Ints) -> Bools:
        """Whether accounts are that new at some times."""
        if not self.warm_up_us:
            return np.zeros(len(account), np.bool_)
        return at_us < self.ready_us[account]

    def pivoted(self, account: Ints, chance: Floats) -> Floats:
        """Uniform numbers with which each organisation moves its own share to a new model.

        A number below the mean share moves; dividing by what an organisation's share is of the mean
        makes it move that.
        """
        return np.asarray(chance / np.maximum(self.accounts.pivot[account], 1e-12))

    def sessions(
        self,
        account: Ints,
        variant: Ints,
        at_us: Ints,
        moves_at: Floats,
        per_session: Ints,
        turns: Turns,
        human_gap_us: Ints,
        task_no: Ints,
    ) -> Sessions:
        """Sessions of accounts that choose their model at `at_us`; see `Releases.model`.

        `variant`: which template of the account each uses.
        """
        model = self.releases.model(
            self.model_number[self.accounts.model[account]],
            at_us,
            moves_at,
            self.accounts.asks_latest[account],
            self.actor.uptake,
        )
        classes = len(self.sizes)
        single = np.add.reduceat(turns.calls, starts_of(per_session)) == 1
        batch = self.accounts.batches[account] & single
        prefix = self.templates.prefix[account, variant].astype(np.int64)
        bucket = self.accounts.organisation[account] * classes + self.models.class_of[model]
        return Sessions(
            model=model,
            lifetime_us=self.accounts.cache_lifetime_us[account],
            key=prefix * len(self.models.ids) + model,
            bucket=np.where(batch, -1, bucket),
            batch=batch,
            thinks=self.accounts.thinks[account],
            per_session=per_session,
            turns=turns,
            human_gap_us=human_gap_us,
            task_no=task_no,
        )

    def fill(self, sessions: Sessions, agent: int, *name: str | int) -> Drawn:
        """Draw what is inside `sessions` of one of the actor's agents."""
        return fill(sessions, self.agents[agent], self.models, self.failures, self.streams, *name)

    def prefix_cache(self) -> PrefixCache:
        return PrefixCache((int(self.templates.prefix.max()) + 1) * len(self.models.ids))

    def limit_check(self, owners: int, opens_us: int) -> LimitCheck:
        """A check of the buckets of so many owners, each with one for every class of model."""
        return LimitCheck(self.conditions, owners * len(self.sizes), self.sizes, opens_us)

    @property
    def nobody(self) -> int:
        """The number of an organisation that has no accounts."""
        return int(self.accounts.organisation.max()) + 1

    @cached_property
    def forget_us(self) -> Ints:
        """Time by organisation after which its buckets are full and its cache has expired."""
        a = self.accounts
        longest = np.zeros(self.nobody + 1, np.int64)
        np.maximum.at(longest, a.organisation, a.cache_lifetime_us)
        refill = [
            max(size.capacity for size in kind) // min(size.rate for size in kind) + 1
            for sizes in self.sizes
            if sizes is not None
            for kind in sizes
        ]
        return np.maximum(longest, max(refill, default=0))

    def event_loop(self, from_us: int) -> RateLimitedLoop:
        """An event loop for organisations of this actor that hit their limits."""
        return RateLimitedLoop(self.sizes, self.call_conditions, from_us)

    def settle(self, drawn: Drawn, start_us: Ints, sessions: Ints | None = None) -> Settled:
        """What becomes of sessions begun at `start_us`, as if nothing were limited.

        `sessions` are the numbers of those meant, in order; None means all of them.
        """
        shape = drawn.shape
        per_session, task, wait, calls = (
            shape.calls_per_session,
            shape.task,
            shape.wait_us,
            shape.calls,
        )
        rows = None
        if sessions is not None:
            rows = ranges(starts_of(per_session)[sessions], per_session[sessions])
            per_session, task, wait = per_session[sessions], task[rows], wait[rows]
            calls = calls.pick(rows)
        settled = settle(start_us, per_session, task, wait, calls, self.call_conditions)
        if rows is not None:
            attempts = settled.attempts
            settled = settled._replace(attempts=attempts._replace(call=rows[attempts.call]))
        return settled

    def tasks(self, drawn: Drawn, placement: Placement, attempts: Attempts) -> Columns:
        return task_rows(drawn, placement, attempts, self.policy, self.horizon_us)

    def cut(
        self, drawn: Drawn, until_us: Ints, attempts: Attempts, told: Bools
    ) -> tuple[Attempts, Ints]:
        """Refuse what accounts send after they may not; see `bans.cut`."""
        call = attempts.call
        session, serial = drawn.shape.session[call], drawn.shape.call[call]
        return cut(attempts, session, until_us, serial, self.failures, self.policy, told)

    def is_in_log(self, attempts: Attempts) -> Bools:
        return (attempts.begins_us >= 0) & (attempts.begins_us < self.horizon_us)
