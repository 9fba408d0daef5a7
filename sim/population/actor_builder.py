"""Make the stage of an actor: its accounts and their lives, templates, limits and budget."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sim.actors.arrivals.rates import DAY_US, rates_per_day
from sim.actors.context import ActorContext
from sim.actors.prompts import ActorPrompts
from sim.actors.templates import Templates, templates_of
from sim.arrays.types import Ints
from sim.catalog import Agent, Limit, agents, tiers, typologies
from sim.enforcement.budget import Budget
from sim.enforcement.decide import decide
from sim.enforcement.outcome import Outcome, nothing_happens
from sim.enforcement.watched import Watched
from sim.entities import pools
from sim.entities.accounts import Accounts, build_accounts, with_replacements
from sim.entities.behaviour import behaviours_of
from sim.entities.content import Universe
from sim.entities.tenure import FOREVER_US, SlotTimeline
from sim.population.spending import within_budget
from sim.scenario.enforcement_policy import Operator
from sim.scenario.resolved import Actor, Scenario
from sim.streams import Streams
from sim.world.attempts import FailureDraws, Policy
from sim.world.conditions import ProviderConditions
from sim.world.limits import BucketSize, Sizes
from sim.world.models import ModelTable
from sim.world.releases import Releases

_SECOND_US = 1_000_000

# What belongs to the account of a host, and what only to its connection.
_OF_HOST = ("account_id", "org_id", "api_key_id", "created_us", "platform", "verified")
_PAYS_HOST = ("instrument", "card_kind", "declines", "email_domain", "names_end_user")
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


@dataclass(frozen=True)
class ActorBuilder:
    """What all actors of a scenario have in common."""

    scenario: Scenario
    streams: Streams
    universe: Universe
    clients: pools.Clients
    models: ModelTable
    model_ids: list[str]
    conditions: ProviderConditions

    def context(self, actor: Actor, host: ActorContext | None) -> ActorContext:
        """The stage of `actor`; `host` is that of the actor whose accounts it sends through."""
        scenario, streams = self.scenario, self.streams
        behaviours = behaviours_of(actor, scenario.separability)
        places = build_accounts(
            actor, behaviours, scenario.separability, streams, self.clients.weights
        )
        begins, ends = self._lifetimes(actor)
        places = replace(places, created_us=self._signed_up(actor, places, begins))
        bare = self._bare(actor, behaviours, places)
        if host is not None:
            return self._as_guest(bare, host)
        bare = replace(bare, timeline=_lives(nothing_happens(actor.accounts), begins, ends))
        bare = replace(bare, rate=_rate(bare))
        bare, budget = within_budget(bare)
        outcome = self._outcome(bare, budget, begins, ends)
        identities = outcome.identities
        later = np.flatnonzero(identities.generation > 0)
        if not len(later):
            timeline = _lives(outcome, begins, ends)
            return replace(bare, timeline=timeline, outcome=outcome, budget=budget)
        accounts = with_replacements(
            actor,
            behaviours,
            places,
            streams,
            identities.slot[later],
            identities.generation[later],
            identities.from_us[later],
            identities.sharing_factor[later],
            scenario.separability,
        )
        return replace(
            bare,
            accounts=accounts,
            templates=self._templates(actor, behaviours, accounts),
            timeline=_lives(outcome, begins, ends),
            outcome=outcome,
            budget=budget,
        )

    def _lifetimes(self, actor: Actor) -> tuple[Ints, Ints]:
        """(begin, end) of the first account of each place.

        A lifetime lies anywhere where it meets the log.
        """
        n, horizon_us = actor.accounts, self.scenario.clock.duration_us
        if actor.lifetime_days is None:
            forever = np.full(n, FOREVER_US)
            return -forever, forever
        rng = self.streams.rng(actor.id, "lifetimes")
        length = np.rint(actor.lifetime_days.sample(rng, n) * (DAY_US / _SECOND_US)) * _SECOND_US
        length = np.maximum(length, _SECOND_US)
        begins = np.rint(rng.uniform(-length, horizon_us)).astype(np.int64)
        begins -= begins % _SECOND_US
        return begins, begins + length.astype(np.int64)

    def _signed_up(self, actor: Actor, places: Accounts, begins: Ints) -> Ints:
        """When accounts with a lifetime signed up: a day before they began, on average.

        Where classes are hard to tell apart, a share of them had been there for longer.
        """
        if actor.lifetime_days is None:
            return places.created_us
        rng = self.streams.rng(actor.id, "sign-up")
        lead_us = np.rint(rng.exponential(DAY_US, len(begins))).astype(np.int64)
        fresh = rng.random(len(begins)) < self.scenario.separability
        return np.where(fresh, begins - lead_us, np.minimum(places.created_us, begins - lead_us))

    def _outcome(self, context: ActorContext, budget: Budget, begins: Ints, ends: Ints) -> Outcome:
        """What the provider does about the accounts of an actor, and how its operator reacts."""
        enforcement = self.scenario.world.enforcement
        if enforcement is None:
            return nothing_happens(context.actor.accounts)
        return decide(
            _watched(context, begins, ends),
            enforcement,
            _operator(context, budget),
            self.scenario.clock.duration_us,
            self.streams,
            context.actor.id,
        )

    def _bare(
        self, actor: Actor, behaviours: tuple[Actor, ...], accounts: Accounts
    ) -> ActorContext:
        scenario, table = self.scenario, self.models
        number = {m: k for k, m in enumerate(self.model_ids)}
        return ActorContext(
            actor=actor,
            behaviours=behaviours,
            accounts=accounts,
            timeline=SlotTimeline.everlasting(actor.accounts),
            templates=self._templates(actor, behaviours, accounts),
            prompts=ActorPrompts(actor, self.universe, self.streams),
            rate=1.0,
            first_account=0,
            agents=tuple(_agent(a, b) for b in behaviours for a in b.agents),
            models=table,
            model_number=np.array([number[m] for m in actor.models]),
            clock=scenario.clock,
            world=scenario.world,
            streams=self.streams,
            conditions=self.conditions,
            releases=Releases(scenario.world, number),
            failures=FailureDraws(self.streams, actor.id),
            policy=_policy(scenario, actor),
            sizes=_sizes(scenario, actor, table, self.conditions),
            outcome=nothing_happens(actor.accounts),
            budget=Budget.free(),
        )

    def _templates(
        self, actor: Actor, behaviours: tuple[Actor, ...], accounts: Accounts
    ) -> Templates:
        separability = self.scenario.separability
        return templates_of(actor, behaviours, accounts, self.universe, self.streams, separability)

    def _as_guest(self, context: ActorContext, host: ActorContext) -> ActorContext:
        """Send through accounts of the host, as long as they live."""
        actor, n = context.actor, context.actor.accounts
        rng = self.streams.rng(actor.id, "host")
        theirs = np.sort(rng.permutation(np.resize(np.arange(host.actor.accounts), max(n, 1)))[:n])
        names = (*_OF_HOST, *_PAYS_HOST, *(() if actor.own_network else _NETWORK))
        taken = {name: getattr(host.accounts, name)[theirs] for name in names}
        made = replace(
            context,
            accounts=replace(context.accounts, **taken),
            timeline=host.timeline.followed_by(theirs),
        )
        return replace(made, rate=_rate(made))


def _agent(name: str, behaviour: Actor) -> Agent:
    agent = agents()[name]
    if behaviour.output_tokens is None:
        return agent
    return agent.model_copy(update={"output_tokens": behaviour.output_tokens})


def _lives(outcome: Outcome, begins: Ints, ends: Ints) -> SlotTimeline:
    """Lives of accounts within the time for which their place is worked at all."""
    who, pauses = outcome.identities, outcome.pauses
    return SlotTimeline.with_pauses(
        slot=who.slot,
        row=who.rows,
        from_us=np.maximum(who.from_us, begins[who.slot]),
        until_us=np.minimum(who.until_us, ends[who.slot]),
        factor=who.volume_factor,
        pauses=(pauses.identity, pauses.from_us, pauses.until_us, pauses.factor),
        leaves_us=ends,
    )


def _rate(context: ActorContext) -> float:
    """What makes the places of an actor with a target meet it."""
    actor = context.actor
    if actor.target_exchanges is None:
        return 1.0
    held = context.timeline.covered_us(actor.accounts, 0, context.horizon_us) / context.horizon_us
    natural = float((rates_per_day(context, range(actor.accounts)) * held).sum())
    return actor.target_exchanges * DAY_US / context.working_us / natural if natural else 1.0


def _watched(context: ActorContext, begins: Ints, ends: Ints) -> Watched:
    """What is to be seen of accounts: rates, and how many share what they use."""
    actor, places = context.actor, context.first_accounts
    per_day = rates_per_day(context, range(actor.accounts))
    refusals = np.array([b.refusal_share for b in context.behaviours])
    calls = np.array(context.session_calls)
    kind = typologies()[actor.typology]
    return Watched(
        organisation=places.organisation,
        daily_exchanges=per_day,
        accounts_on_address=_degree(places.ip),
        accounts_on_card=_degree(places.instrument),
        refusals_per_day=per_day / calls[places.mode] * refusals[places.mode],
        extracts=np.full(actor.accounts, kind.is_extraction and actor.list_share > 0),
        operated=kind.operated,
        begins_us=begins,
        ends_us=ends,
    )


def _operator(context: ActorContext, budget: Budget) -> Operator | None:
    """The operator with what its accounts cost, and what it keeps for tokens."""
    operator = context.actor.operator
    if operator is None or not typologies()[context.actor.typology].operated:
        return None
    costs = {
        "initial_usd": budget.first_usd,
        "reserved_usd": budget.tokens_usd,
        "per_replacement_usd": budget.replacement_usd,
        "verified_share": context.actor.verified_share,
    }
    return operator.model_copy(update=costs)


def _degree(values: Ints) -> Ints:
    _, number, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray(count[number])


def _policy(scenario: Scenario, actor: Actor) -> Policy:
    resumes = actor.on_failure == "resume"
    return Policy(
        timeout_us=scenario.world.timeout_us,
        resume_after_us=round(actor.resume_after_s * 1e6) if resumes else None,
    )


def _sizes(
    scenario: Scenario, actor: Actor, table: ModelTable, conditions: ProviderConditions
) -> list[Sizes | None]:
    """The buckets of the actor's tier by class of model; None where there is no limit."""
    tier = tiers()[actor.tier]
    return [_of_class(scenario, tier.get(c), conditions) for c in table.classes]


def _of_class(
    scenario: Scenario, limit: Limit | None, conditions: ProviderConditions
) -> Sizes | None:
    if limit is None:
        return None
    per_minute = (limit.requests_per_min, limit.input_tokens_per_min, limit.output_tokens_per_min)
    factors = conditions.limits.tolist()
    series = [BucketSize.series(n, factors, scenario.world.burst) for n in per_minute]
    return Sizes(*series)
