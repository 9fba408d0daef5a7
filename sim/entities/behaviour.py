"""How accounts behave: as their own actor says, or in a mode that all classes share.

Whole organisations follow the parameters of their own typology, or a mode drawn with the weights
of the typology. They are drawn so that each account follows its own typology with the probability
`separability` of its actor. So what an account does alone tells less of its class the smaller it
is; what accounts of one operator have in common stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.catalog import NO_LIBRARY, Agent, agents, modes
from sim.scenario.resolved import Actor, Scaffold
from sim.streams import Streams

OWN_MODE = 0
"""The mode of those who behave as their typology says."""


class Membership(NamedTuple):
    """The organisation of each account, and its mode; shape (accounts,), both ascending.

    `mode` indexes `behaviours_of(actor)`, and is the same within an organisation.
    """

    organisation: Ints
    mode: Ints


def behaviours_of(actor: Actor) -> tuple[Actor, ...]:
    """Return the actor as it behaves in each of its modes, `OWN_MODE` first."""
    if actor.separability == 1:
        return (actor,)
    return (actor, *(_in_mode(actor, mode) for mode in actor.modes))


def _in_mode(actor: Actor, mode: str) -> Actor:
    values = actor.model_dump()
    for name, value in modes()[mode].parameters.items():
        # a mode says only how many ask for the newest model by its alias
        values[name] = {**values[name], **value} if name == "uptake" else value
    # the scaffold of the mode is as the catalog has it: length of answers, recorded sessions
    values |= {"output_tokens": None, "scaffold": {}, "library": None, "library_tilt": {}}
    # accounts of a queue that follow a mode open sessions of their own
    values["arrival"] = "sessions"
    return Actor.model_validate(values)


def scaffold_of(behaviour: Actor, name: str) -> Agent:
    """Return a scaffold, with its dials and the recorded sessions that a behaviour states.

    Work off a queue is as long as its dials or measured steps say, so it is not drawn from any.
    """
    dials = ((key, getattr(behaviour.scaffold, key)) for key in Scaffold.model_fields)
    stated: dict[str, Any] = {key: dial for key, dial in dials if dial is not None}
    if behaviour.output_tokens is not None:
        stated["output_tokens"] = behaviour.output_tokens
    if behaviour.arrival == "queue" or behaviour.library == NO_LIBRARY:
        stated["library"] = None
    elif behaviour.library is not None:
        stated["library"] = behaviour.library
    return agents()[name].model_copy(update=stated) if stated else agents()[name]


def models_of(actor: Actor) -> set[str]:
    """Return the models that accounts of an actor may use, before any release."""
    used = set(actor.models)
    if actor.separability < 1:
        for mode in actor.modes:
            used |= set(modes()[mode].parameters["models"])
    return used


def draw_membership(actor: Actor, behaviours: Sequence[Actor], streams: Streams) -> Membership:
    """Draw the organisations of an actor, each of which follows a mode, and their sizes.

    Sizes are geometric with the mean of the mode. Weights are shares of accounts, so modes of large
    organisations are drawn the less often; the first is drawn by share of accounts, so that the
    share of a mode is the same at every account (a Markov chain that starts in its stationary
    distribution). Where the actor states how many organisations it has, accounts of its own mode
    are spread over that many evenly, in proportion; each has its own if there are no more.

    Parameters
    ----------
    actor, behaviours
        The actor, and `behaviours_of` it.
    streams
        Random streams of the scenario.
    """
    n = actor.accounts
    rng = streams.rng(actor.id, "organisations")
    sizes = np.array([b.accounts_per_organisation for b in behaviours])
    if actor.organisations is not None:
        sizes[OWN_MODE] = max(1.0, n / actor.organisations)
    shares = _shares_of_modes(actor)

    # at most one organisation for each account
    chance = shares / sizes
    mode = rng.choice(len(sizes), n, p=chance / chance.sum())
    mode[:1] = rng.choice(len(sizes), 1, p=shares)
    ends = np.cumsum(rng.geometric(1 / sizes[mode]))
    organisation = np.searchsorted(ends, np.arange(n), side="right")

    # organisations have no order of their own
    order = np.argsort(mode[organisation], kind="stable")
    organisation, mode = organisation[order], mode[organisation[order]]
    own = int((mode == OWN_MODE).sum())
    if actor.organisations is not None and own:
        count = max(1, round(own * actor.organisations / n))
        organisation[:own] = -1 - np.arange(own) * count // own
    return Membership(np.cumsum(np.diff(organisation, prepend=organisation[:1]) != 0), mode)


def first_of(organisation: Ints) -> Ints:
    """Return the first account of each account's organisation; organisations are ascending."""
    return np.asarray(np.searchsorted(organisation, organisation))


def _shares_of_modes(actor: Actor) -> Floats:
    """Return the share of accounts by mode, those of `OWN_MODE` first; it adds up to 1."""
    if actor.separability == 1:
        return np.ones(1)
    weights = np.array(list(actor.modes.values()))
    own = np.array([actor.separability])
    return np.concatenate([own, (1 - actor.separability) * weights / weights.sum()])
