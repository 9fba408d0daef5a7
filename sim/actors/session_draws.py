"""Draw the inside of an actor's sessions: which model, which bucket and cache, which calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sim.actors.provider_service import ProviderService
from sim.actors.templates import Templates
from sim.arrays.ragged import starts_of
from sim.arrays.types import Floats, Ints
from sim.catalog import Agent
from sim.entities.accounts import Accounts
from sim.entities.content import template_lengths
from sim.scaffold.context_growth import Grow, grow_contexts
from sim.scaffold.fill import DrawnSessions, Sessions, fill
from sim.scaffold.own_lengths import Own, OwnLengths
from sim.scaffold.session_turns import Windows
from sim.scaffold.turns import Turns
from sim.scenario.resolved import Actor
from sim.streams import Streams


class SessionPlan(NamedTuple):
    """Who opens sessions and what for: S sessions of T user turns in all.

    Attributes
    ----------
    account, variant : shape (S,)
        The account, and which of its templates it uses.
    at_us, moves_at : shape (S,)
        When it chooses its model, and the number that is compared with the share that moves.
    turns_per_session : shape (S,)
        1 or more each; they sum to T.
    turns, human_gap_us, task_no : shape (T,)
        The turns, the pause before each, and its number among the turns of the actor.
    recorded : shape (M,), or None
        Row of the library of the scaffold for each call that turns ask for; None for no library.
    """

    account: Ints
    variant: Ints
    at_us: Ints
    moves_at: Floats
    turns_per_session: Ints
    turns: Turns
    human_gap_us: Ints
    task_no: Ints
    recorded: Ints | None = None


@dataclass(frozen=True)
class SessionDraws:
    """What the draws inside an actor's sessions depend on.

    `grow` says how contexts grow; `counting`, whether what nobody counts is left out.
    """

    actor: Actor
    agents: tuple[Agent, ...]
    accounts: Accounts
    templates: Templates
    service: ProviderService
    streams: Streams
    grow: Grow = grow_contexts
    counting: bool = False

    def sessions(self, plan: SessionPlan) -> Sessions:
        """Return what the sessions ask of the provider, before their calls are drawn."""
        accounts, account = self.accounts, plan.account
        has_changed = plan.at_us >= accounts.model_changes_us[account]
        model = self.service.model_in_use(
            np.where(has_changed, accounts.second_model[account], accounts.model[account]),
            plan.at_us,
            plan.moves_at,
            accounts.asks_latest[account],
            self.actor.uptake,
        )

        # only single calls go to a batch, and batches are not limited
        calls = np.add.reduceat(plan.turns.calls, starts_of(plan.turns_per_session))
        batch = accounts.batches[account] & (calls == 1)
        bucket = self.service.bucket(accounts.organisation[account], model)
        prefix = self.templates.prefix[account, plan.variant].astype(np.int64)
        template = self.templates.number[account, plan.variant].astype(np.int64)

        return Sessions(
            model=model,
            window_tokens=self.service.models.window_of(model, accounts.long_context[account]),
            lifetime_us=accounts.cache_lifetime_us[account],
            key=prefix * len(self.service.models.ids) + model,
            bucket=np.where(batch, -1, bucket),
            batch=batch,
            thinks=accounts.thinks[account],
            per_session=plan.turns_per_session,
            turns=plan.turns,
            human_gap_us=plan.human_gap_us,
            task_no=plan.task_no,
            recorded=plan.recorded,
            prompt_length=template_lengths(template),
            own=OwnLengths(
                Own(accounts.input_spread[account], accounts.input_score[account]),
                Own(accounts.output_spread[account], accounts.output_score[account]),
            ),
        )

    def windows(self, account: Ints) -> Windows:
        """Return the windows that sessions of accounts have before any release."""
        accounts, models = self.accounts, self.service.models
        model = self.service.model_number[accounts.model[account]]
        return Windows(
            models.window_of(model, accounts.long_context[account]),
            models.standard_window_tokens[model],
        )

    def calls(self, sessions: Sessions, agent: int, *name: str | int) -> DrawnSessions:
        """Draw all calls of `sessions`, which use one of the agents; `name` names the streams."""
        service = self.service
        return fill(
            sessions,
            self.agents[agent],
            service.models,
            service.conditions.failures,
            self.streams,
            *name,
            grow=self.grow,
            counting=self.counting,
        )

    @property
    def cache_keys(self) -> int:
        """How many static prefixes there are; keys count from 0."""
        prefixes = int(self.templates.prefix.max()) + 1
        return prefixes * len(self.service.models.ids)
