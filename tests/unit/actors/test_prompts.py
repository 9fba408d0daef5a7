"""What tasks are about, and how a list is handed out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.actors.prompts import (
    ActorPrompts,
    PromptContent,
    items_in_order,
    reword_key,
    reword_sigmas,
    sigma_of,
)
from sim.arrays.time import NEVER_US
from sim.arrays.types import Ints
from sim.entities.content import AS_IT_IS, Universe
from sim.scenario.resolved import Actor
from sim.streams import U64, Streams, mixed, uniforms
from sim.tables.words import PROMPT_KINDS, PromptSource
from tests.support.scenarios import coders, lab, make_actor

STREAMS = Streams(4)
UNIVERSE = Universe(STREAMS)
N = 400


def chosen(
    actor: Actor,
    source: int = PromptSource.OWN,
    *,
    behaviours: Sequence[Actor] | None = None,
    **changes: Any,
) -> PromptContent:
    """Contents of `N` tasks of two users."""
    columns: dict[str, Any] = {
        "account_id": np.repeat([11, 12], N // 2),
        "mode": np.zeros(N, np.int8),
        "person": np.zeros(N, np.int64),
        "source": np.full(N, source),
        "item": np.full(N, -1),
        "template": np.zeros(N, np.int64),
        "task_no": np.arange(N),
        **changes,
    }
    return ActorPrompts(actor, behaviours or (actor,), UNIVERSE, STREAMS).choose(**columns)


def test_the_numbers_of_prompt_sources_name_their_kinds() -> None:
    assert [PROMPT_KINDS[source] for source in PromptSource] == ["own", "list", "cover"]


# --- own prompts --------------------------------------------------------------------------------


def topics_of(key: U64, pick: Ints) -> Ints:
    """Topics by popularity: the k-th of those that belong to each key."""
    uniform = uniforms(mixed(key, pick))
    return np.searchsorted(UNIVERSE.topic_edges, uniform, side="right").astype(np.int64)


def test_own_prompts_are_new_and_their_topics_few_for_each_user() -> None:
    actor = coders(2, topics=3, repeat_share=0.0)
    content = chosen(actor)
    assert (
        content.content.tolist() == mixed(STREAMS.key("coders", "prompts"), np.arange(N)).tolist()
    )
    topics = [set(part.tolist()) for part in np.split(content.topic, 2)]
    assert [len(t) for t in topics] == [3, 3]
    assert topics[0] != topics[1]


def test_topics_depend_on_the_end_user_and_the_seed() -> None:
    actor = coders(2, topics=1, repeat_share=0.0)
    people = chosen(actor, person=np.arange(N) % 2).topic
    assert len(set(people.tolist())) == 4
    users = mixed(mixed(STREAMS.key("pool", "users"), np.array([11, 12])), 0)
    expected = topics_of(users, np.zeros(2, np.int64))
    assert chosen(actor).topic[[0, -1]].tolist() == expected.tolist()


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_a_share_of_tasks_repeats_one_of_ten_prompts_of_its_user(share: float) -> None:
    actor = coders(2, repeat_share=share)
    content = chosen(actor).content
    new = mixed(STREAMS.key("coders", "prompts"), np.arange(N))
    repeats = uniforms(mixed(STREAMS.key("coders", "repeats"), np.arange(N))) < share
    assert ((content != new) == repeats).all()
    first, second = (set(part.tolist()) for part in np.split(np.where(repeats, content, 0), 2))
    assert 9 <= len(first - {0}) <= 10
    assert first & second <= {0}


@pytest.mark.parametrize(("list_share", "prompts"), [(0.0, 10), (0.5, 20)])
def test_accounts_that_share_templates_repeat_the_same_prompts(
    list_share: float, prompts: int
) -> None:
    actor = coders(2, repeat_share=1.0, templates=2, list_share=list_share)
    source = PromptSource.COVER if list_share else PromptSource.OWN
    assert len(set(chosen(actor, source).content.tolist())) == prompts


# --- lists and benchmarks -----------------------------------------------------------------------


def test_items_of_a_list_are_the_same_for_all_users() -> None:
    actor = make_actor("ring", "A17", accounts=2, list_share=0.5, topics=4, paraphrase_sigma=0.0)
    item = np.tile(np.arange(N // 2), 2)
    content = chosen(actor, PromptSource.LIST, item=item)
    assert content.content.tolist() == mixed(STREAMS.key("ring", "list"), item).tolist()
    assert content.prompt[: N // 2].tolist() == content.prompt[N // 2 :].tolist()
    key = np.full(N, STREAMS.key("ring", "list"), np.uint64)
    pick = (content.content % np.uint64(4)).astype(np.int64)
    assert content.topic.tolist() == topics_of(key, pick).tolist()
    cover = chosen(actor, PromptSource.COVER, item=item)
    assert not set(cover.content.tolist()) & set(content.content.tolist())


def test_prompts_of_the_list_are_reworded_as_the_actor_says_and_own_ones_as_their_mode() -> None:
    actor = make_actor("ring", "A17", accounts=2, list_share=0.5, paraphrase_sigma=0.5)
    mild = actor.model_copy(update={"paraphrase_sigma": 0.1})
    same = np.zeros(N, np.int64)
    listed = chosen(actor, PromptSource.LIST, item=same).prompt
    assert len(set(listed.tolist())) > N / 2
    sigmas = reword_sigmas(actor, (actor, mild))
    source = np.array([PromptSource.LIST, PromptSource.OWN, PromptSource.COVER, PromptSource.LIST])
    mode = np.array([0, 0, 1, 1])
    assert sigma_of(sigmas[None], 0, mode, source).tolist() == [0.5, 0.5, 0.1, 0.5]
    assert reword_sigmas(lab(paraphrase_sigma=0.3), (mild,)).tolist() == [0.3, 0.0]
    assert reword_key(STREAMS, "ring") == STREAMS.key("ring", "rewording")


def test_topics_and_repeats_are_those_of_the_mode() -> None:
    actor = coders(2, topics=1, repeat_share=0.0)
    often = actor.model_copy(update={"topics": 500, "repeat_share": 0.8})
    mode = np.repeat([0, 1], N // 2).astype(np.int8)
    found = chosen(actor, behaviours=(actor, often), mode=mode)
    alone, repeated = np.split(found.content, 2)
    assert len(set(alone.tolist())) == N // 2
    assert len(set(repeated.tolist())) < N // 4
    assert len(set(found.topic[: N // 2].tolist())) == 1
    assert len(set(found.topic[N // 2 :].tolist())) > 3


def test_items_of_a_benchmark_are_the_same_for_all_actors() -> None:
    item = np.where(np.arange(N) % 3, np.arange(N) % 50, -1)
    content = chosen(lab(repeat_share=0.0), item=item)
    known = item >= 0
    key = STREAMS.key("benchmark", "tau-bench-retail")
    assert content.content[known].tolist() == mixed(key, item[known]).tolist()
    assert (
        content.topic[known].tolist()
        == topics_of(
            np.full(N, key, np.uint64)[known],
            (content.content[known] % np.uint64(12)).astype(np.int64),
        ).tolist()
    )
    own = mixed(STREAMS.key("lab", "prompts"), np.arange(N))
    assert content.content[~known].tolist() == own[~known].tolist()


def test_items_of_a_benchmark_are_the_same_in_all_runs_of_a_world() -> None:
    """Whoever learns from one run can use it in another; own prompts are those of the run."""
    bench, here = lab(), Universe(STREAMS)
    tasks = np.zeros(N, np.int64)
    item = np.arange(N)

    def asked(source: int, item: Any, world: Universe, run: Streams) -> Any:
        found = ActorPrompts(bench, (bench,), world, run).choose(
            tasks, tasks, tasks, tasks + source, item, tasks, np.arange(N)
        )
        return found.prompt.tolist()

    cover, own = PromptSource.COVER, PromptSource.OWN
    assert asked(cover, item, here, Streams(1)) == asked(cover, item, here, Streams(2))
    elsewhere = asked(cover, item, Universe(Streams(9)), Streams(1))
    assert not set(elsewhere) & set(asked(cover, item, here, Streams(1)))
    mine, theirs = (asked(own, tasks - 1, here, Streams(seed)) for seed in (1, 2))
    assert not set(mine) & set(theirs)


def test_a_benchmark_can_be_the_cover_of_a_list() -> None:
    actor = make_actor(
        "pool",
        "A16",
        accounts=2,
        target_exchanges=100,
        list_share=0.5,
        cover="benchmark",
        benchmark="tau-bench-retail",
    )
    item = np.arange(N)
    cover = chosen(actor, PromptSource.COVER, item=item).content
    assert cover.tolist() == mixed(STREAMS.key("benchmark", "tau-bench-retail"), item).tolist()
    listed = chosen(actor, PromptSource.LIST, item=item).content
    assert listed.tolist() == mixed(STREAMS.key("pool", "list"), item).tolist()


def test_the_hash_is_that_of_template_topic_and_content() -> None:
    actor = coders(2, repeat_share=0.0)
    template = np.arange(N) % 7
    content = chosen(actor, template=template)
    vectors = UNIVERSE.vectors(
        template, content.topic, content.content, np.full(N, AS_IT_IS), np.zeros(N)
    )
    assert content.prompt.tolist() == UNIVERSE.hashes(vectors).tolist()


# --- handing out a list -------------------------------------------------------------------------


def handed_out(begins: list[int], returned: list[int | None], first: int, step: int) -> list[int]:
    """Task by task in order of time, each takes the item that came back first, or a new one."""
    order = sorted(range(len(begins)), key=begins.__getitem__)
    waiting = [
        (at, rank, task) for rank, task in enumerate(order) if (at := returned[task]) is not None
    ]
    waiting.sort()
    item: dict[int, int] = {}
    for task in order:
        # what comes back when a task begins is too late for it
        if waiting and waiting[0][0] < begins[task]:
            item[task] = item[waiting.pop(0)[2]]
        else:
            item[task], first = first, first + step
    return [item[task] for task in range(len(begins))]


TASKS = st.lists(st.tuples(st.integers(0, 30), st.none() | st.integers(0, 20)), max_size=12)


@given(TASKS, st.integers(0, 3), st.integers(1, 4))
def test_items_that_come_back_go_to_the_next_task(
    tasks: list[tuple[int, int | None]], first: int, step: int
) -> None:
    begins = [begin for begin, _ in tasks]
    returned = [None if after is None else begin + after for begin, after in tasks]
    returned_us = np.array([NEVER_US if at is None else at for at in returned], np.int64)
    item = items_in_order(np.array(begins, np.int64), returned_us, first, step)
    assert item.tolist() == handed_out(begins, returned, first, step)


def test_an_item_goes_from_task_to_task() -> None:
    begins = np.array([30, 0, 10, 20, 40])
    returned = np.array([NEVER_US, 5, 15, NEVER_US, NEVER_US])
    # the task of 0 leaves item 7 to that of 10, which leaves it to that of 20
    assert items_in_order(begins, returned, 7, 2).tolist() == [9, 7, 7, 7, 11]


def test_an_item_that_comes_back_when_a_task_begins_is_too_late_for_it() -> None:
    begins, returned = np.array([0, 5, 6]), np.array([5, NEVER_US, NEVER_US])
    assert items_in_order(begins, returned, 0, 1).tolist() == [0, 1, 0]
