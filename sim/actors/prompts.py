"""What the tasks of an actor are about: own prompts, a list that is worked off, or a benchmark."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from sim.arrays.types import Ints
from sim.entities.content import AS_IT_IS, Universe
from sim.scenario.resolved import Actor
from sim.streams import U64, Ids, Streams, mixed, uniforms


class PromptSource(IntEnum):
    """What a session or a ticket takes its prompts from; arrays hold the numbers."""

    OWN = 0
    LIST = 1
    COVER = 2


KINDS = ("own", "list", "cover")
# An account repeats one of so many prompts of its own; the topics of a benchmark.
_REPEATED, _BENCHMARK_TOPICS = 10, 12


class PromptContent(NamedTuple):
    """What tasks are about; arrays of shape (tasks,). `prompt` is the near-duplicate hash."""

    topic: Ints
    content: U64
    prompt: Ids


class ActorPrompts:
    """The contents of one actor."""

    def __init__(self, actor: Actor, universe: Universe, streams: Streams) -> None:
        self._actor, self._universe = actor, universe
        # of the account alone: who sends through others is who they are
        self._users = streams.key("pool", "users")
        self._own = streams.key(actor.id, "prompts")
        self._list = streams.key(actor.id, "list")
        self._reword = reword_key(streams, actor.id)
        self._chance = streams.key(actor.id, "repeats")
        name = actor.benchmark or ""
        self._benchmark = streams.key("benchmark", name)
        self._common = streams.key(actor.id, "common prompts")
        # who shares templates, such as a class its assignments, shares what is sent again
        self._shares = actor.templates is not None and not actor.list_share
        self._is_benchmark = actor.source == "benchmark"

    def choose(
        self, account_id: Ids, person: Ints, kind: Ints, item: Ints, template: Ints, task_no: Ints
    ) -> PromptContent:
        """What tasks are about, by account, end user, kind, item of list or benchmark, number."""
        actor = self._actor
        user = mixed(mixed(self._users, account_id), person)
        chance = mixed(self._chance, task_no)
        own = mixed(self._own, task_no)
        if actor.repeat_share:
            again = uniforms(chance) < actor.repeat_share
            whose = np.full(len(user), self._common, np.uint64) if self._shares else user
            recurring = mixed(whose, _one_of(chance, _REPEATED))
            own = np.where(again, recurring, own)
        pick = _one_of(mixed(self._chance, own.view(np.int64)), actor.topics)
        topic_key, content = user, own
        if actor.list_share:
            listed = kind == PromptSource.LIST
            prompts = mixed(self._list, item)
            content = np.where(listed, prompts, content)
            pick = np.where(listed, _one_of(prompts, actor.topics), pick)
            topic_key = np.where(listed, np.uint64(self._list), topic_key)
        if self._is_benchmark or actor.cover == "benchmark":
            known = (kind != PromptSource.LIST) & (item >= 0)
            items = mixed(self._benchmark, item)
            content = np.where(known, items, content)
            pick = np.where(known, _one_of(items, _BENCHMARK_TOPICS), pick)
            topic_key = np.where(known, np.uint64(self._benchmark), topic_key)
        topic = self._universe.topics(topic_key, pick)
        sigma = np.full(len(kind), actor.paraphrase_sigma)
        rewording = reworded(self._reword, kind, task_no)
        vectors = self._universe.vectors(template, topic, content, rewording, sigma)
        return PromptContent(topic, content, self._universe.hashes(vectors))


def _one_of(identifier: U64, count: int) -> Ints:
    return (identifier % np.uint64(count)).astype(np.int64)


def reword_key(streams: Streams, actor: str) -> int:
    return streams.key(actor, "rewording")


def reworded(key: int | U64, kind: Ints, task_no: Ints) -> U64:
    """The rewording of each task; prompts that are not from a list stay as they are."""
    return np.where(kind == PromptSource.LIST, mixed(key, task_no), AS_IT_IS)


def items_in_order(begins_us: Ints, returned_us: Ints, first: int, step: int) -> Ints:
    """Items of a list for tasks that begin at `begins_us`, each handed out once.

    `returned_us` is when the item of a task comes back because it was interrupted, -`NEVER_US` if
    it does not; the next task to begin takes it. New items are first, first + step, ...
    Shapes (tasks,). Tasks that begin at one time take items in their order.
    """
    order = np.argsort(begins_us, kind="stable")
    begins, back = begins_us[order], returned_us[order]
    item = np.full(len(order), -1)
    source = np.full(len(order), -1)
    free = 0
    came_back = np.flatnonzero(back > -NEVER_US)
    for k in came_back[np.argsort(back[came_back], kind="stable")].tolist():
        at = max(int(np.searchsorted(begins, back[k], side="right")), free)
        while at < len(order) and source[at] >= 0:
            at += 1
        if at < len(order):
            source[at], free = k, at + 1
    fresh = source < 0
    item[fresh] = first + step * np.arange(int(fresh.sum()))
    for k in np.flatnonzero(~fresh).tolist():
        # what a task takes over began before it, so its item is known by now
        item[k] = item[source[k]]
    made = np.empty(len(order), np.int64)
    made[order] = item
    return made


NEVER_US = 1 << 61
