"""One actor as its workloads read it: data, and what follows from the data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from sim.actors.prompts import ActorPrompts
from sim.actors.provider_service import ProviderService
from sim.actors.session_draws import SessionDraws
from sim.actors.templates import Templates
from sim.arrays.time import DAY_US
from sim.arrays.types import Bools, Floats, Ints
from sim.catalog import Agent
from sim.enforcement.budget import Budget
from sim.enforcement.outcome import Outcome
from sim.entities.accounts import Accounts
from sim.entities.behaviour import OWN_MODE
from sim.entities.tenure import SlotTimeline
from sim.scaffold.context_growth import Grow, grow_contexts
from sim.scaffold.expected_calls import session_calls_of
from sim.scenario.resolved import Actor, Clock, World
from sim.streams import Streams
from sim.world.attempts import Attempts


@dataclass(frozen=True)
class ActorContext:
    """Who an actor is, the accounts it sends through, and how the provider serves it.

    Attributes
    ----------
    behaviours
        The ways in which accounts behave, indexed by `accounts.mode`; the first is the actor's own.
    agents
        The scaffolds of all behaviours, indexed by `accounts.agent`.
    accounts
        Row k < `actor.accounts` is the first account of slot k; replacements follow.
    first_account
        Number of the first of these accounts in the scenario.
    timeline
        Which account occupies a slot when, and how much it may send.
    traffic_factor
        Factor on the rate of every account, so that the actor meets its target or its budget.
    outcome
        What the provider does about the accounts, decided before there is any traffic.
    budget
        What the operator of the accounts plans to pay.
    counting
        Whether its exchanges are only to be counted: then what nobody counts is left out.
    """

    # who it is
    actor: Actor
    behaviours: tuple[Actor, ...]
    agents: tuple[Agent, ...]
    prompts: ActorPrompts

    # the accounts that it sends through
    accounts: Accounts
    first_account: int
    timeline: SlotTimeline
    templates: Templates
    traffic_factor: float
    outcome: Outcome
    budget: Budget

    # the world around it
    clock: Clock
    world: World
    streams: Streams
    service: ProviderService
    grow: Grow = grow_contexts
    counting: bool = False

    def for_counting(self) -> ActorContext:
        """Return a copy that leaves out what no count of exchanges asks for."""
        service = replace(self.service, counting=True)
        return replace(self, counting=True, prompts=self.prompts.of_no_content(), service=service)

    def numbered_from(self, first_account: int, everyone: Accounts) -> ActorContext:
        """Return a copy whose accounts are rows of the shared table `everyone`, from there on."""
        rows = slice(first_account, first_account + len(self.accounts))
        return replace(self, first_account=first_account, accounts=everyone.rows(rows))

    # --- time -------------------------------------------------------------------------------------

    @property
    def horizon_us(self) -> int:
        """End of the log; it opens at 0."""
        return self.clock.duration_us

    @property
    def working_us(self) -> int:
        """How long the actor works within the log."""
        return working_us(self.actor, self.clock)

    def is_in_log(self, attempts: Attempts) -> Bools:
        """Tell which attempts begin within the log."""
        return (attempts.begins_us >= 0) & (attempts.begins_us < self.horizon_us)

    # --- accounts ---------------------------------------------------------------------------------

    @property
    def first_accounts(self) -> Accounts:
        """The first account of every slot."""
        return self.accounts.rows(slice(self.actor.accounts))

    @cached_property
    def queue_slots(self) -> int:
        """How many slots, the first ones, work off a queue; the others open sessions."""
        if self.actor.arrival != "queue":
            return 0
        return int(np.searchsorted(self.first_accounts.mode, OWN_MODE, side="right"))

    @cached_property
    def occupied_share(self) -> Floats:
        """How much of its work each slot does over the log, as a share, shape (slots,)."""
        return occupied_share(self.timeline, self.actor.accounts, self.horizon_us)

    @cached_property
    def behaviour_of_agent(self) -> list[Actor]:
        """The behaviour to which each of the scaffolds belongs."""
        return [behaviour for behaviour in self.behaviours for _ in behaviour.agents]

    def of_behaviour(self, name: str, account: Ints) -> Floats:
        """Return a parameter of some accounts, as the behaviour of each has it."""
        values = np.array([float(getattr(behaviour, name)) for behaviour in self.behaviours])
        return np.asarray(values[self.accounts.mode[account]])

    @cached_property
    def session_calls(self) -> Floats:
        """Expected exchanges of a session on each of the scaffolds."""
        return session_calls_of(self.behaviours)

    @property
    def warm_up_us(self) -> int:
        """How long a new account stays off the list of prompts."""
        operator = self.actor.operator
        return 0 if operator is None else round(operator.warm_up_days * DAY_US)

    @property
    def ready_us(self) -> Ints:
        """When each account may begin with the list of prompts."""
        return self.accounts.created_us + self.warm_up_us

    def warms_up(self, account: Ints, at_us: Ints) -> Bools:
        """Tell which accounts are still warming up at these times."""
        if not self.warm_up_us:
            return np.zeros(len(account), np.bool_)
        return at_us < self.ready_us[account]

    # --- draws ------------------------------------------------------------------------------------

    @property
    def draws(self) -> SessionDraws:
        """What draws the inside of this actor's sessions."""
        return SessionDraws(
            self.actor,
            self.agents,
            self.accounts,
            self.templates,
            self.service,
            self.streams,
            self.grow,
            self.counting,
        )

    def uptake_uniforms(self, account: Ints, uniform: Floats) -> Floats:
        """Scale uniform numbers so that each organisation takes up a new model in its own share.

        Numbers below the mean share move to the model. Dividing by an organisation's share over
        the mean makes its own share of them fall below that.
        """
        return np.asarray(uniform / np.maximum(self.accounts.pivot[account], 1e-12))


def working_us(actor: Actor, clock: Clock) -> int:
    """Return how long an actor works within the log."""
    if actor.lasts_us is not None:
        return actor.lasts_us
    return clock.duration_us - (actor.starts_us or 0)


def occupied_share(timeline: SlotTimeline, slots: int, horizon_us: int) -> Floats:
    """Return how much of its work each slot does over the log, as a share, shape (slots,)."""
    return np.asarray(timeline.worked_us(slots, 0, horizon_us) / horizon_us)
