"""What the tasks of an actor are about: own prompts, a list that is worked off, or a benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import NamedTuple

import numpy as np

from sim.arrays.time import NEVER_US
from sim.arrays.types import Bools, Floats, Ints
from sim.entities.content import Universe
from sim.scenario.resolved import Actor
from sim.streams import U64, Ids, Streams, mixed, uniforms
from sim.tables.words import PromptSource as PromptSource

# An account repeats one of so many prompts of its own; the topics of a benchmark.
_REPEATED, _BENCHMARK_TOPICS = 10, 12


class PromptContent(NamedTuple):
    """What tasks are about; arrays of shape (tasks,). `prompt` is the near-duplicate hash."""

    topic: Ints
    content: U64
    prompt: Ids


class _Subject(NamedTuple):
    """What is asked, and which of the topics of `topic_key` it belongs to; shape (tasks,)."""

    content: U64
    topic_key: U64
    topic_pick: Ints

    def where(self, replaced: Bools, key: int, item_key: U64, topics: int) -> _Subject:
        """Replace some by the items of a list whose topics are those of `key`."""
        return _Subject(
            np.where(replaced, item_key, self.content),
            np.where(replaced, np.uint64(key), self.topic_key),
            np.where(replaced, _one_of(item_key, topics), self.topic_pick),
        )


class ActorPrompts:
    """Chooses what the tasks of one actor are about."""

    def __init__(
        self, actor: Actor, behaviours: Sequence[Actor], universe: Universe, streams: Streams
    ) -> None:
        self._actor, self._universe = actor, universe
        self._topics = np.array([behaviour.topics for behaviour in behaviours])
        self._repeat_share = np.array([behaviour.repeat_share for behaviour in behaviours])
        self._sigmas = reword_sigmas(actor, behaviours)
        # a user's key hangs on the account alone: who sends through a host's account is its user
        self._users_key = streams.key("pool", "users")
        self._own_key = streams.key(actor.id, "prompts")
        self._list_key = streams.key(actor.id, "list")
        self._reword_key = reword_key(streams, actor.id)
        self._repeats_key = streams.key(actor.id, "repeats")
        self._benchmark_key = universe.streams.key("benchmark", actor.benchmark or "")
        self._common_key = streams.key(actor.id, "common prompts")
        self._uses_benchmark = actor.source == "benchmark" or actor.cover == "benchmark"
        self._has_content = True

    def of_no_content(self) -> ActorPrompts:
        """Return a copy that says 0 of what tasks are about, for those who only count them."""
        other = copy(self)
        other._has_content = False
        return other

    def choose(
        self,
        account_id: Ids,
        mode: Ints,
        person: Ints,
        source: Ints,
        item: Ints,
        template: Ints,
        task_no: Ints,
    ) -> PromptContent:
        """Choose topic, content and hash of tasks; all arrays have shape (tasks,).

        Parameters
        ----------
        account_id, mode, person
            The account, how it behaves, and the end user who asks.
        source, item
            `PromptSource`, and the number in the list or benchmark (-1: none).
        template
            System prompt, which is part of the hash.
        task_no
            Number of the task within the actor; own prompts and rewordings depend on it.
        """
        if not self._has_content:
            zeros = np.zeros(len(task_no), np.int64)
            return PromptContent(zeros, zeros.view(np.uint64), zeros)

        actor = self._actor
        user = mixed(mixed(self._users_key, account_id), person)
        subject = self._own_subject(user, mode, task_no)
        if actor.list_share:
            listed, item_key = source == PromptSource.LIST, mixed(self._list_key, item)
            subject = subject.where(listed, self._list_key, item_key, actor.topics)
        if self._uses_benchmark:
            of_benchmark = (source != PromptSource.LIST) & (item >= 0)
            item_key = mixed(self._benchmark_key, item)
            subject = subject.where(of_benchmark, self._benchmark_key, item_key, _BENCHMARK_TOPICS)

        topic = self._universe.topics(subject.topic_key, subject.topic_pick)
        rewording = mixed(self._reword_key, task_no)
        sigma = sigma_of(self._sigmas[None], 0, mode, source)
        vectors = self._universe.vectors(template, topic, subject.content, rewording, sigma)
        return PromptContent(topic, subject.content, self._universe.hashes(vectors))

    def _own_subject(self, user: U64, mode: Ints, task_no: Ints) -> _Subject:
        """Choose a new prompt for each task, or, for a share, one that its user repeats."""
        actor = self._actor
        content, chance = mixed(self._own_key, task_no), mixed(self._repeats_key, task_no)
        if self._repeat_share.any():
            # accounts that share templates, such as a class its assignments, repeat the same ones
            shares = actor.templates is not None and not actor.list_share
            owner = np.full(len(user), self._common_key, np.uint64) if shares else user
            recurring = mixed(owner, _one_of(chance, _REPEATED))
            content = np.where(uniforms(chance) < self._repeat_share[mode], recurring, content)

        pick = _one_of(mixed(self._repeats_key, content.view(np.int64)), self._topics[mode])
        return _Subject(content, user, pick)


def _one_of(identifier: U64, count: int | Ints) -> Ints:
    return (identifier % np.asarray(count, np.uint64)).astype(np.int64)


def reword_key(streams: Streams, actor: str) -> int:
    """Return the key of the rewordings of an actor's tasks."""
    return streams.key(actor, "rewording")


def reword_sigmas(actor: Actor, behaviours: Sequence[Actor]) -> Floats:
    """Return how far prompts are reworded: those of the list, then own ones by behaviour.

    Items of a benchmark stay as they are.
    """
    uses_benchmark = actor.source == "benchmark" or actor.cover == "benchmark"
    own = [0.0 if uses_benchmark else behaviour.paraphrase_sigma for behaviour in behaviours]
    return np.array([actor.paraphrase_sigma, *own])


def sigma_of(sigmas: Floats, actor: int | Ints, mode: Ints, source: Ints) -> Floats:
    """Return how far each task is reworded; row `actor` of `sigmas` is a `reword_sigmas`."""
    column = np.where(source == PromptSource.LIST, 0, 1 + mode.astype(np.int64))
    return np.asarray(sigmas[actor, column])


def items_in_order(begins_us: Ints, returned_us: Ints, first: int, step: int) -> Ints:
    """Hand out the items of a list to tasks in order of time, each item once.

    An item comes back when its task is interrupted; the next task that begins after that and has
    no item from another takes it over. Tasks that begin at one time take items in their order.

    Parameters
    ----------
    begins_us
        When each task begins, shape (tasks,).
    returned_us
        When the item of a task comes back, not before the task begins; `NEVER_US` if it does not.
    first, step
        New items are first, first + step, first + 2 * step, ...

    Returns
    -------
    array of shape (tasks,)
        The item of each task.
    """
    order = np.argsort(begins_us, kind="stable")
    begins_us, returned_us = begins_us[order], returned_us[order]

    # returns in order of time, each to the first task after it that follows the takers so far
    predecessor = np.full(len(order), -1)
    next_free = 0
    returns = np.flatnonzero(returned_us > NEVER_US)
    for k in returns[np.argsort(returned_us[returns], kind="stable")].tolist():
        taker = max(int(np.searchsorted(begins_us, returned_us[k], side="right")), next_free)
        if taker < len(order):
            predecessor[taker], next_free = k, taker + 1

    # a taker begins after its predecessor, whose item is therefore known by its turn
    item = np.full(len(order), -1)
    fresh = predecessor < 0
    item[fresh] = first + step * np.arange(int(fresh.sum()))
    for k in np.flatnonzero(~fresh).tolist():
        item[k] = item[predecessor[k]]

    item_of_task = np.empty(len(order), np.int64)
    item_of_task[order] = item
    return item_of_task
