"""What the tasks of an actor are about: own prompts, a list that is worked off, or a benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import NamedTuple

import numpy as np

from sim.arrays.compiled import compiled
from sim.arrays.time import NEVER_US
from sim.arrays.types import Floats, Ints, for_loops
from sim.compiled_streams import mixed_number, uniform_number
from sim.entities.content import Universe
from sim.scenario.resolved import Actor
from sim.streams import U64, Ids, Streams, mixed
from sim.tables.words import PromptSource as PromptSource

# An account repeats one of so many prompts of its own; the topics of a benchmark.
_REPEATED, _BENCHMARK_TOPICS = np.uint64(10), np.uint64(12)
_LIST, _NO_ITEM = int(PromptSource.LIST), np.uint64(2**63)


class PromptContent(NamedTuple):
    """What tasks are about; arrays of shape (tasks,). `prompt` is the near-duplicate hash."""

    topic: Ints
    content: U64
    prompt: Ids


class _Rules(NamedTuple):
    """What decides about the tasks of an actor: keys, and how it and its accounts behave.

    `repeat_share` and `topics` are by behaviour. `shares_own` says whether accounts repeat the
    same prompts. `topic_edges` are the cumulated shares of topics.
    """

    users_key: np.uint64
    own_key: np.uint64
    repeats_key: np.uint64
    common_key: np.uint64
    list_key: np.uint64
    benchmark_key: np.uint64
    repeat_share: Floats
    topics: U64
    list_topics: np.uint64
    shares_own: bool
    has_list: bool
    uses_benchmark: bool
    topic_edges: Floats


class _Tasks(NamedTuple):
    """Tasks, with numbers as `mixed` takes them; arrays of shape (tasks,)."""

    account_id: U64
    person: U64
    mode: Ints
    source: Ints
    item: U64
    task_no: U64


class ActorPrompts:
    """Chooses what the tasks of one actor are about."""

    def __init__(
        self, actor: Actor, behaviours: Sequence[Actor], universe: Universe, streams: Streams
    ) -> None:
        self._universe = universe
        self._sigmas = reword_sigmas(actor, behaviours)
        self._reword_key = reword_key(streams, actor.id)
        self._has_content = True
        self._rules = _Rules(
            # a user's key hangs on the account alone: who sends through a host's account is its
            # user
            users_key=np.uint64(streams.key("pool", "users")),
            own_key=np.uint64(streams.key(actor.id, "prompts")),
            repeats_key=np.uint64(streams.key(actor.id, "repeats")),
            common_key=np.uint64(streams.key(actor.id, "common prompts")),
            list_key=np.uint64(streams.key(actor.id, "list")),
            benchmark_key=np.uint64(universe.streams.key("benchmark", actor.benchmark or "")),
            repeat_share=np.array([float(behaviour.repeat_share) for behaviour in behaviours]),
            topics=np.array([behaviour.topics for behaviour in behaviours], np.uint64),
            list_topics=np.uint64(actor.topics),
            # accounts that share templates, such as a class its assignments, repeat the same ones
            shares_own=actor.templates is not None and not actor.list_share,
            has_list=bool(actor.list_share),
            uses_benchmark=_uses_benchmark(actor),
            topic_edges=universe.topic_edges,
        )

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

        numbers = (for_loops(column) for column in (account_id, person, mode, source, item))
        who, person, mode, source, item = numbers
        task_no = for_loops(task_no)
        tasks = _Tasks(
            who.view(np.uint64),
            person.view(np.uint64),
            mode,
            source,
            item.view(np.uint64),
            task_no.view(np.uint64),
        )
        topic, content = np.empty(len(task_no), np.int64), np.empty(len(task_no), np.uint64)
        _choose(self._rules, tasks, topic, content)

        rewording = mixed(self._reword_key, task_no)
        sigma = sigma_of(self._sigmas[None], 0, mode, source)
        vectors = self._universe.vectors(template, topic, content, rewording, sigma)
        return PromptContent(topic, content, self._universe.hashes(vectors))


@compiled
def _choose(rules: _Rules, tasks: _Tasks, topic: Ints, content: U64) -> None:
    """Write what each task is about: an item of a list or benchmark, or a prompt of its user."""
    for task in range(len(topic)):
        is_listed = rules.has_list and tasks.source[task] == _LIST
        # a task without an item has -1, the largest number here
        has_item = tasks.item[task] < _NO_ITEM
        if is_listed:
            topics_of = rules.list_key
            chosen = mixed_number(rules.list_key, tasks.item[task])
            pick = chosen % rules.list_topics
        elif rules.uses_benchmark and tasks.source[task] != _LIST and has_item:
            topics_of = rules.benchmark_key
            chosen = mixed_number(rules.benchmark_key, tasks.item[task])
            pick = chosen % _BENCHMARK_TOPICS
        else:
            mode = tasks.mode[task]
            of_account = mixed_number(rules.users_key, tasks.account_id[task])
            topics_of = mixed_number(of_account, tasks.person[task])
            chosen = _own_prompt(rules, topics_of, mode, tasks.task_no[task])
            pick = mixed_number(rules.repeats_key, chosen) % rules.topics[mode]
        content[task] = chosen
        topic[task] = _topic(rules.topic_edges, uniform_number(mixed_number(topics_of, pick)))


@compiled
def _own_prompt(rules: _Rules, user: np.uint64, mode: int, task_no: np.uint64) -> np.uint64:
    """Return a new prompt, or, for a share, one that the user repeats."""
    chance = mixed_number(rules.repeats_key, task_no)
    if uniform_number(chance) < rules.repeat_share[mode]:
        owner = rules.common_key if rules.shares_own else user
        return mixed_number(owner, chance % _REPEATED)
    return mixed_number(rules.own_key, task_no)


@compiled
def _topic(edges: Floats, uniform: float) -> int:
    """Return the topic by popularity: the first whose cumulated share is above a number."""
    low, high = 0, len(edges)
    while low < high:
        middle = (low + high) // 2
        if uniform < edges[middle]:
            high = middle
        else:
            low = middle + 1
    return low


def _uses_benchmark(actor: Actor) -> bool:
    return actor.source == "benchmark" or actor.cover == "benchmark"


def reword_key(streams: Streams, actor: str) -> int:
    """Return the key of the rewordings of an actor's tasks."""
    return streams.key(actor, "rewording")


def reword_sigmas(actor: Actor, behaviours: Sequence[Actor]) -> Floats:
    """Return how far prompts are reworded: those of the list, then own ones by behaviour.

    Items of a benchmark stay as they are.
    """
    uses_benchmark = _uses_benchmark(actor)
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
