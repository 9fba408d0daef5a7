"""What a read may come from (INV-5), at the edges of lifetimes and agents."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.arrays.time import HOUR_US, SECOND_US
from sim.catalog import agents, modes
from sim.entities.content import template_ids, template_lengths
from sim.invariants.cache_reads import Cache, _static_prefixes
from tests.support.checks import MODEL_NUMBER, MODELS, OPENS_US, exchanges, first_wrong, index_of
from tests.support.scenarios import at_separability, coders, pool, scenario

PEOPLE = scenario(coders(2))
LEAST = int(MODELS.min_cacheable_tokens[MODEL_NUMBER])
PREFIX = agents()["coding-cli"].static_prefix_tokens
# More than a static prefix has.
LEFT = PREFIX + 5_000
LIFETIME_US = 300 * SECOND_US
AT_US = OPENS_US + HOUR_US
OTHER = "claude-haiku-4.5"


def cache(rows: Any, asked: Any = PEOPLE, **index: Any) -> tuple[int, str] | None:
    return first_wrong(Cache(index_of(asked, **index)), rows)


def pair(gap_us: int = SECOND_US, read: int = LEFT, **given: Any) -> dict[str, Any]:
    """A call that leaves `LEFT` tokens, and one that reads after it."""
    start = np.array([AT_US, AT_US + gap_us])
    tokens = {"uncached": 9_000, "read": [0, read], "write_5m": [LEFT, 0]}
    return exchanges(2, **{"start": start, "end": start, **tokens, **given})


def test_a_read_of_what_the_call_before_left_within_the_lifetime_is_fine() -> None:
    assert cache(pair()) is None
    assert cache(pair(LIFETIME_US)) is None
    assert cache(pair(LIFETIME_US + 1)) == (1, f"cache_read_tokens {LEFT}")


@pytest.mark.parametrize(
    "given",
    [
        {"read": LEFT - 1},
        {"read": 1, "write_5m": [LEFT, 1]},
        {"read": LEFT + 1},
        {"status": [529, 200]},
        {"account": [0, 1], "agent": [30, 31]},
        {"model": [MODEL_NUMBER, MODELS.number(OTHER)], "agent": [30, 31]},
    ],
)
def test_a_read_of_anything_else_is_found(given: dict[str, Any]) -> None:
    found = cache(pair(**given))
    assert found is not None
    assert found[0] == 1


def test_a_call_reads_what_its_own_agent_left() -> None:
    sub_agent_between = {"agent": [30, 31, 30], "read": [0, 0, LEFT]}
    start = np.array([AT_US, AT_US + 1, AT_US + 2])
    tokens = {"uncached": 9_000, "write_5m": [LEFT, LEFT - 9, 0]}
    assert cache(exchanges(3, start=start, end=start, **tokens, **sub_agent_between)) is None
    of_the_other = {**sub_agent_between, "read": [0, 0, LEFT - 9]}
    found = cache(exchanges(3, start=start, end=start, **tokens, **of_the_other))
    assert found == (2, f"cache_read_tokens {LEFT - 9}")


def test_without_truth_the_account_alone_counts() -> None:
    assert cache(pair(agent=[30, 31]), truth=False) is None
    assert cache(pair(read=LEFT - 1_000), truth=False) == (1, f"cache_read_tokens {LEFT - 1_000}")
    assert cache(pair(account=[0, 1]), truth=False) == (1, f"cache_read_tokens {LEFT}")


def test_near_the_opening_a_read_may_be_of_before_the_log() -> None:
    for late_us, fine in ((-1, True), (0, False)):
        rows = exchanges(start=OPENS_US + LIFETIME_US + late_us, read=LEFT, shares_with=9)
        assert (cache(rows) is None) == fine
    # not where the call before is there, nor in the first call of a session
    early = np.array([OPENS_US, OPENS_US + 1])
    assert cache(pair(start=early, end=early, read=LEFT - 1_000)) is not None
    assert cache(exchanges(start=OPENS_US + 1, read=LEFT)) is not None


def test_a_static_prefix_is_read_where_anybody_of_the_organisation_touched_it() -> None:
    one_org = {"org": [0, 0]}
    others = pair(read=PREFIX, account=[0, 1], agent=[30, 31], template=[1, 1])
    assert cache(others, accounts=one_org) is None
    assert cache(others) is not None
    other_template = {**others, "template": np.array([1, 2])}
    assert cache(other_template, accounts=one_org) is not None
    assert cache(other_template, accounts=one_org, full=False) is None
    late = pair(LIFETIME_US + 1, read=PREFIX, account=[0, 1], agent=[30, 31])
    assert cache(late, accounts=one_org) is not None
    odd = pair(read=PREFIX - 1, write_5m=[LEFT, 7], account=[0, 1], agent=[30, 31])
    assert cache(odd, accounts=one_org) is not None
    short = pair(read=PREFIX - 1, account=[0, 1], agent=[30, 31])
    assert cache(short, accounts=one_org) is None
    longer = {**others, "write_5m": np.array([LEFT, 7])}
    assert cache(longer, accounts=one_org) is None


def test_a_short_input_is_not_cached_and_a_request_has_one_lifetime() -> None:
    whole = {"start": OPENS_US, "uncached": 0, "write_5m": LEAST}
    assert cache(exchanges(**whole)) is None
    short = exchanges(**{**whole, "write_5m": LEAST - 1})
    assert cache(short) == (0, f"{LEAST - 1} tokens cached of {LEAST - 1}")
    assert cache(exchanges(uncached=LEAST - 1)) is None
    both = exchanges(write_5m=2_000, write_1h=1)
    assert cache(both) == (0, "writes of 2000 for 5 min and 1 for 1 h")


def test_what_was_left_is_remembered_for_an_hour_over_parts() -> None:
    for gap_us, fine in ((HOUR_US, True), (HOUR_US + 1, False)):
        index = index_of(PEOPLE, lifetime_us=np.full(2, HOUR_US))
        check = Cache(index)
        rows = pair(gap_us)
        assert first_wrong(check, {k: v[:1] for k, v in rows.items()}) is None
        assert (first_wrong(check, {k: v[1:] for k, v in rows.items()}) is None) == fine
    check = Cache(index_of(PEOPLE))
    rows = pair()
    check.see({k: v[:1] for k, v in rows.items()})
    check.see({k: v[:0] for k, v in rows.items()})
    assert first_wrong(check, {k: v[1:] for k, v in rows.items()}) is None


def test_a_row_that_writes_nothing_of_its_own_is_not_its_own_source() -> None:
    reads_all = exchanges(start=AT_US, uncached=0, read=30_000)
    assert cache(reads_all, truth=False) == (0, "cache_read_tokens 30000")
    twice = exchanges(2, start=[AT_US, AT_US + 1], uncached=0, read=30_000, agent=[30, 31])
    found = cache(twice, truth=False)
    assert found is not None
    assert found[0] == 0


def test_what_is_allowed_names_what_the_call_before_left_and_the_lifetime() -> None:
    check = Cache(index_of(PEOPLE))
    check.see(pair(read=LEFT - 1_000))
    assert check.breach is not None
    assert check.breach.allowed.startswith(
        f"{LEFT}, what the call before it left; what an answered"
    )
    assert check.breach.allowed.endswith("within 300 s before")
    check = Cache(index_of(PEOPLE))
    check.see(pair(LIFETIME_US + 1))
    assert check.breach is not None
    assert check.breach.allowed.startswith("what an answered attempt left, or the static prefix")


def test_static_prefixes_are_those_of_agents_and_of_modes_where_they_are_followed() -> None:
    asked = scenario(coders(2), pool(3, 10))
    by_actor = _static_prefixes(index_of(asked))
    assert by_actor[0] == [PREFIX]
    assert by_actor[-1] == sorted({size for sizes in by_actor[:-1] for size in sizes})
    mixed = at_separability(asked, 0.5)
    names = {name for mode in asked.actors[0].modes for name in modes()[mode].parameters["agents"]}
    sizes = {agents()[name].static_prefix_tokens for name in names} | {PREFIX}
    assert set(_static_prefixes(index_of(mixed))[0]) == sizes


def test_the_static_prefix_is_as_long_as_the_template_of_the_call() -> None:
    number = 7
    template = int(template_ids(PEOPLE.world.streams, 10)[number])
    size = round(PREFIX * float(template_lengths(np.array([number]))[0]))
    given: dict[str, Any] = {"account": [0, 1], "agent": [30, 31], "write_5m": [LEFT, 7]}
    for read, fine in ((size, True), (PREFIX, False), (size + 1, False)):
        rows = pair(read=read, template=[template, template], **given)
        assert (cache(rows, accounts={"org": [0, 0]}) is None) == fine


def test_notes_say_what_reads_are_held_against() -> None:
    account = "reads are held against the account, not the agent"
    core = "the core profile has no template"
    assert Cache(index_of(PEOPLE)).note == ""
    assert Cache(index_of(PEOPLE, truth=False)).note == account
    assert Cache(index_of(PEOPLE, full=False, truth=False)).note == f"{core}; {account}"
