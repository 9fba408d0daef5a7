"""Build the context of an actor: its accounts and who holds them when, templates, service."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sim.actors.arrivals.rates import unscaled_rates_per_day
from sim.actors.context import ActorContext, occupied_share, working_us
from sim.actors.prompts import ActorPrompts
from sim.actors.provider_service import ProviderService
from sim.actors.session_draws import SessionDraws
from sim.actors.templates import SlotTemplates, draw_slot_templates
from sim.arrays.time import DAY_US, SECOND_US
from sim.arrays.types import Floats, Ints
from sim.catalog import Agent, Limit, limits_of
from sim.enforcement.budget import Budget
from sim.enforcement.decide import decide
from sim.enforcement.outcome import Outcome, nothing_happens
from sim.entities import pools
from sim.entities.account_builder import AccountBuilder, Replacements
from sim.entities.accounts import Accounts
from sim.entities.behaviour import behaviours_of, scaffold_of
from sim.entities.content import Universe
from sim.entities.shared_pools import SharedPools
from sim.entities.tenure import SlotTimeline
from sim.population.activity import draw_activity, with_model_changes
from sim.population.enforced import operator_with_costs, watched_slots
from sim.population.lifetimes import draw_stays, timeline_of
from sim.population.spending import plan_budget
from sim.scenario.resolved import Actor, Clock, Scenario
from sim.streams import Streams
from sim.world.attempts import CallConditions, RetryPolicy
from sim.world.conditions import ProviderConditions
from sim.world.failures import FailureDraws
from sim.world.limits import BucketSize, Sizes
from sim.world.models import ModelTable
from sim.world.releases import Releases

# What belongs to the account of a host, and what only to its connection.
_OF_HOST = (
    "account_id",
    "org_id",
    "keys",
    "workspaces",
    "created_us",
    "begins_us",
    "ends_us",
    "platform",
    "verified",
    "signup_ip",
    "signup_asn_type",
)
_PAYS_HOST = ("instrument", "card_kind", "stolen", "email_domain", "names_end_user")
_NETWORK = (
    "client",
    "ip",
    "asn",
    "asn_type",
    "country",
    "away_ip",
    "away_asn",
    "away_asn_type",
    "tcp_rtt_ms",
    "tls_rtt_ms",
)


class _Setup(NamedTuple):
    """What an actor brings along, whatever becomes of its accounts.

    Attributes
    ----------
    actor
        As the scenario has it.
    behaviours
        The actor itself, then as each of the other modes behaves that its accounts may follow.
    account_builder
        Makes its accounts, the later ones too.
    agents
        The scaffolds of all behaviours, one after the other.
    first_accounts
        Row k is the first account of slot k, as drawn.
    slot_templates
        The templates that the accounts of each slot use.
    service
        How the provider serves it.
    """

    actor: Actor
    behaviours: tuple[Actor, ...]
    account_builder: AccountBuilder
    agents: tuple[Agent, ...]
    first_accounts: Accounts
    slot_templates: SlotTemplates
    service: ProviderService


class _Tenancy(NamedTuple):
    """Which accounts an actor sends through, when, and how much.

    Attributes
    ----------
    accounts
        The first accounts of all slots, then their replacements.
    timeline
        Which account holds a slot when.
    traffic_factor
        Factor on all rates: what a target asks for and a budget pays for.
    outcome
        What the provider did about the accounts; nothing about those of a host, which are decided
        with the host.
    budget
        What the operator plans to spend.
    """

    accounts: Accounts
    timeline: SlotTimeline
    traffic_factor: float
    outcome: Outcome
    budget: Budget


@dataclass(frozen=True)
class ActorBuilder:
    """Builds the contexts of a scenario's actors from what all of them have in common.

    Attributes
    ----------
    scenario, streams
        The scenario, and the random streams of its seed.
    universe
        The pool of prompts and templates.
    clients
        The client programs.
    shared
        What strangers share: popular addresses, card numbers, mail domains, sellers.
    models
        All models that an actor uses or an event releases.
    conditions
        Those of the provider over the log.
    """

    scenario: Scenario
    streams: Streams
    universe: Universe
    clients: pools.Clients
    shared: SharedPools
    models: ModelTable
    conditions: ProviderConditions

    def build(self, actor: Actor, host: ActorContext | None) -> ActorContext:
        """Build the context of an actor, step by step; each thing is computed once.

        Its accounts are numbered from 0 (see `ActorContext.numbered_from`). `host` is the actor
        through whose accounts it sends, None if it has its own.
        """
        setup = self._set_up(actor)
        tenancy = self._own_tenancy(setup) if host is None else self._guest_tenancy(setup, host)

        return ActorContext(
            actor=actor,
            behaviours=setup.behaviours,
            agents=setup.agents,
            prompts=ActorPrompts(actor, setup.behaviours, self.universe, self.streams),
            accounts=tenancy.accounts,
            first_account=0,
            timeline=tenancy.timeline,
            templates=setup.slot_templates.of_accounts(tenancy.accounts, self.universe.templates),
            traffic_factor=tenancy.traffic_factor,
            outcome=tenancy.outcome,
            budget=tenancy.budget,
            clock=self.scenario.clock,
            world=self.scenario.world,
            streams=self.streams,
            service=setup.service,
        )

    def _set_up(self, actor: Actor) -> _Setup:
        """Draw the first accounts and the templates of an actor."""
        streams = self.streams
        behaviours = behaviours_of(actor)
        account_builder = AccountBuilder(
            actor, behaviours, streams, self.shared, self.scenario.clock.opening_us
        )
        first_accounts = with_model_changes(
            actor, behaviours, account_builder.first_accounts(self.clients.weights), streams
        )

        return _Setup(
            actor,
            behaviours,
            account_builder,
            tuple(scaffold_of(b, name) for b in behaviours for name in b.agents),
            first_accounts,
            draw_slot_templates(actor, behaviours, first_accounts.mode, self.universe, streams),
            self._service(actor, behaviours),
        )

    def _service(self, actor: Actor, behaviours: tuple[Actor, ...]) -> ProviderService:
        """Return how the provider serves an actor."""
        number = {model: k for k, model in enumerate(self.models.ids)}
        failures = FailureDraws(self.streams, actor.id)
        policy, horizon_us = _policy(self.scenario, actor), self.scenario.clock.duration_us
        return ProviderService(
            models=self.models,
            model_number=np.array([number[model] for b in behaviours for model in b.models]),
            releases=Releases(self.scenario.world, number),
            conditions=CallConditions(self.conditions, failures, policy, horizon_us),
            limits=_limits(self.scenario, actor, self.models, self.conditions),
        )

    def _own_tenancy(self, setup: _Setup) -> _Tenancy:
        """Decide what becomes of accounts of the actor's own: rates, budget, enforcement.

        In this order, once each: rates are set as if nobody were banned, the budget pays for a
        share of them, and enforcement acts on what is left.
        """
        scenario, streams, actor = self.scenario, self.streams, setup.actor
        slots, clock = actor.accounts, scenario.clock

        # when the slots are worked, since when their first accounts exist, and what these do
        stays = draw_stays(
            actor, setup.behaviours, setup.first_accounts, clock.duration_us, streams
        )
        first_accounts = setup.account_builder.signed_up(
            replace(setup.first_accounts, **stays._asdict()), "first"
        )
        mode = first_accounts.mode
        activity = draw_activity(
            actor,
            setup.behaviours,
            mode,
            (stays.begins_us, stays.ends_us),
            clock.duration_us,
            streams,
        )

        # how much they send, as far as that is paid for
        unenforced = timeline_of(nothing_happens(slots), stays, activity)
        occupied = occupied_share(unenforced, slots, clock.duration_us)
        unscaled = unscaled_rates_per_day(actor, setup.behaviours, first_accounts, range(slots))
        factor = _target_factor(actor, clock, unscaled * occupied)
        budget = Budget.free()
        if actor.operator is not None:
            draws = self._pilot_draws(setup, first_accounts)
            planned_per_day = float((factor * unscaled * occupied).sum())
            budget, share = plan_budget(draws, actor.operator, planned_per_day, clock.duration_us)
            factor *= share

        # what the provider does about that
        outcome = self._outcome(
            setup, first_accounts, factor * unscaled, (stays.begins_us, stays.ends_us), budget
        )
        accounts = self._with_replacements(setup, first_accounts, outcome)
        timeline = timeline_of(outcome, stays, activity)
        return _Tenancy(accounts, timeline, factor, outcome, budget)

    def _guest_tenancy(self, setup: _Setup, host: ActorContext) -> _Tenancy:
        """Send through first accounts of a host, as long as they live.

        Guests take the slots of the host from the first on; if it has fewer, several guests share
        one, as evenly as can be. A guest keeps its own behaviour and takes the host's identifiers
        and payment, and its network unless it has one of its own. It has no budget.
        """
        actor, slots = setup.actor, setup.actor.accounts
        rng = self.streams.rng(actor.id, "host")
        host_slots = np.resize(np.arange(host.actor.accounts), max(slots, 1))
        host_slots = np.sort(rng.permutation(host_slots)[:slots])

        names = (*_OF_HOST, *_PAYS_HOST, *(() if actor.own_network else _NETWORK))
        columns = {name: getattr(host.accounts, name)[host_slots] for name in names}
        accounts = replace(setup.first_accounts, **columns)
        timeline = host.timeline.for_guests(host_slots)

        unscaled = unscaled_rates_per_day(actor, setup.behaviours, accounts, range(slots))
        occupied = occupied_share(timeline, slots, self.scenario.clock.duration_us)
        factor = _target_factor(actor, self.scenario.clock, unscaled * occupied)
        return _Tenancy(accounts, timeline, factor, nothing_happens(slots), Budget.free())

    def _pilot_draws(self, setup: _Setup, first_accounts: Accounts) -> SessionDraws:
        """Return what draws sessions of the first accounts."""
        return SessionDraws(
            setup.actor,
            setup.agents,
            first_accounts,
            setup.slot_templates.of_accounts(first_accounts, self.universe.templates),
            setup.service,
            self.streams,
        )

    def _outcome(
        self,
        setup: _Setup,
        first_accounts: Accounts,
        per_day: Floats,
        lifetimes_us: tuple[Ints, Ints],
        budget: Budget,
    ) -> Outcome:
        """Decide what the provider does about accounts, and how their operator reacts.

        Parameters
        ----------
        setup, first_accounts
            The actor, and the first account of each slot.
        per_day
            Exchanges a day of each slot while it is worked, shape (slots,).
        lifetimes_us
            (begin, end) of the work of each slot.
        budget
            What the operator can spend on replacements.
        """
        actor, enforcement = setup.actor, self.scenario.world.enforcement
        if enforcement is None:
            return nothing_happens(actor.accounts)
        return decide(
            watched_slots(actor, setup.behaviours, first_accounts, per_day, lifetimes_us),
            enforcement,
            operator_with_costs(actor, budget),
            self.scenario.clock.duration_us,
            self.streams,
            actor.id,
        )

    def _with_replacements(
        self, setup: _Setup, first_accounts: Accounts, outcome: Outcome
    ) -> Accounts:
        """Append the accounts that take over slots from banned ones.

        They stand in order of slot and generation, behind the first accounts of all slots.
        """
        tenures = outcome.accounts
        later = np.flatnonzero(tenures.generation > 0)
        if not len(later):
            return first_accounts

        replacements = Replacements(
            slot=tenures.slot[later],
            generation=tenures.generation[later],
            from_us=tenures.from_us[later],
            sharing_factor=tenures.sharing_factor[later],
        )
        return setup.account_builder.with_replacements(first_accounts, replacements)


def _target_factor(actor: Actor, clock: Clock, per_day: Floats) -> float:
    """Return the factor on all rates with which an actor meets its target, 1 without a target.

    Where nothing would be sent anyway, no factor meets the target, and it is 1 too.

    Parameters
    ----------
    actor, clock
        Say the target and how long the actor works.
    per_day
        What each slot sends in the mean over the log without the factor, shape (slots,).
    """
    if actor.target_exchanges is None:
        return 1.0
    natural = float(per_day.sum())
    return actor.target_exchanges * DAY_US / working_us(actor, clock) / natural if natural else 1.0


def _policy(scenario: Scenario, actor: Actor) -> RetryPolicy:
    """Return when clients of an actor hang up, and whether they resume a call that failed."""
    resumes = actor.on_failure == "resume"
    return RetryPolicy(
        timeout_us=scenario.world.timeout_us,
        resume_after_us=round(actor.resume_after_s * SECOND_US) if resumes else None,
    )


def _limits(
    scenario: Scenario, actor: Actor, models: ModelTable, conditions: ProviderConditions
) -> list[Sizes | None]:
    """Return the token buckets of the actor's tier by class of model; None without a limit."""
    tier = limits_of(actor.tier, scenario.world.limits.as_of)
    factors = tuple(conditions.limits.tolist())
    return [_buckets(tier.get(c), factors, scenario.world.burst) for c in models.classes]


@lru_cache(maxsize=64)
def _buckets(limit: Limit | None, factors: tuple[float, ...], burst: float) -> Sizes | None:
    """Return the three buckets of one class of model under each segment of the conditions.

    They are kept, because actors of one tier have the same, in all runs of one world.
    """
    if limit is None:
        return None
    per_minute = (limit.requests_per_min, limit.input_tokens_per_min, limit.output_tokens_per_min)
    return Sizes(*(BucketSize.series(n, list(factors), burst) for n in per_minute))
