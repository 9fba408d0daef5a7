"""The inside of a session against plain loops, and against the distributions it is drawn from."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.arrays.ragged import position_in, starts_of
from sim.arrays.types import Ints
from sim.catalog import Agent, agents, models, steps_for
from sim.distributions import Distribution
from sim.scaffold.fill import DrawnSessions, Sessions, fill
from sim.scaffold.steps import draw_steps, instance_scores
from sim.scaffold.turns import Turns, plain_turns
from sim.streams import Streams
from sim.tables.words import (
    ASSISTANT,
    END_TURN,
    MAX_TOKENS,
    PAUSE_TURN,
    REFUSAL,
    STOP_SEQUENCE,
    TOOL,
    TOOL_USE,
    USER,
    WINDOW_EXCEEDED,
)
from sim.traces import read_trace
from sim.world.cache import LIFETIME_1H_US, LIFETIME_5M_US
from sim.world.calls import DrawnCalls
from sim.world.failures import FailureDraws
from sim.world.models import ModelTable
from sim.world.timing import solve_timing
from tests.support.scenarios import constant, lognormal
from tests.unit.world.building import conditions

SONNET = ModelTable([models()["claude-sonnet-4.5"]])
WINDOW = int(SONNET.standard_window_tokens[0])
ENDLESS = ModelTable(
    [models()["claude-sonnet-4.5"].model_copy(update={"context_window_tokens": 1 << 40})]
)
COUNTS = st.lists(st.integers(1, 6), min_size=1, max_size=12)
AGENTS = sorted(agents())
NEVER_FULL = agents()["coding-cli"].model_copy(
    update={
        "base_context_tokens": constant(16_000),
        "stop_sequence_share": 0.0,
        "dropped_share": 0.0,
    }
)


def sessions(
    turns: Any, calls: Any, gap_s: float = 60.0, *, lifetime_us: int = LIFETIME_5M_US
) -> Sessions:
    turns, calls = np.asarray(turns, np.int64), np.asarray(calls, np.int64)
    zeros = np.zeros(len(turns), np.int64)
    return Sessions(
        model=zeros,
        window_tokens=zeros,
        lifetime_us=zeros + lifetime_us,
        key=zeros,
        bucket=zeros,
        batch=zeros > 0,
        thinks=zeros > 0,
        per_session=turns,
        turns=plain_turns(calls),
        human_gap_us=np.full(len(calls), round(gap_s * 1e6)),
        task_no=np.arange(len(calls)),
    )


def filled(
    asked: Sessions, agent: Agent, seed: int = 3, table: ModelTable = SONNET
) -> DrawnSessions:
    streams = Streams(seed)
    window = table.window_of(asked.model, np.full(len(asked.model), table is ENDLESS))
    asked = replace(asked, window_tokens=window)
    return fill(asked, agent, table, FailureDraws(streams, "test"), streams, "test")


def altered(agent: str, **values: Any) -> Agent:
    return agents()[agent].model_copy(update={"dropped_share": 0.0, **values})


def context_of(drawn: DrawnSessions) -> Ints:
    return drawn.calls.context_tokens


def groups(counts: list[int], values: Any) -> list[list[int]]:
    ends = np.cumsum(counts)
    return [list(values[end - n : end]) for n, end in zip(counts, ends, strict=True)]


# --- context and compaction ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def long_sessions() -> DrawnSessions:
    """Sessions of 400 calls that pass the limit of compaction several times."""
    return filled(sessions([20] * 40, [20] * 800), altered("coding-cli"))


def test_only_compactions_pass_the_limit(long_sessions: DrawnSessions) -> None:
    agent = agents()["coding-cli"]
    limit = np.floor(WINDOW * agent.compaction_at)
    others = np.delete(context_of(long_sessions), compactions(long_sessions))
    assert 0.95 * limit < others.max() <= limit


def compactions(x: DrawnSessions) -> Ints:
    """Rows of the calls that ask for a summary; the next row is the first after it."""
    opens = np.flatnonzero((x.n_messages == 1) & (np.diff(x.calls.session, prepend=-1) == 0))
    return opens - 1


def test_a_compaction_has_the_whole_context_in_and_a_summary_out(
    long_sessions: DrawnSessions,
) -> None:
    agent, x = agents()["coding-cli"], long_sessions
    made = compactions(x)
    assert len(made) > 20
    context, output = context_of(x), x.calls.output_tokens
    assert (context[made] > np.floor(WINDOW * agent.compaction_at)).all()
    assert (context[made] >= context[made - 1] + output[made - 1]).all()
    assert (context[made] + output[made] <= WINDOW).all()
    assert (x.finish[made] == END_TURN).all()
    assert (x.role[made] == USER).all()
    assert not x.opens_turn[made].any()
    assert not x.n_tool_calls_out[made].any()
    assert np.median(output[made]) == pytest.approx(3_000, rel=0.3)
    # it brings the results that its call waits with, if that call opens no turn
    waits = made[~x.opens_turn[made + 1]]
    assert (x.n_tool_results_in[waits] == x.n_tool_calls_out[waits - 1]).all()
    assert (x.n_tool_results_in[waits] >= 1).all()


def test_what_follows_a_compaction_is_a_new_history(long_sessions: DrawnSessions) -> None:
    agent, x = agents()["coding-cli"], long_sessions
    after = compactions(x) + 1
    assert (context_of(x)[after] > agent.compaction_to_tokens).all()
    assert np.median(context_of(x)[after]) < 1.15 * agent.compaction_to_tokens
    assert (x.role[after] == USER).all()
    assert not x.n_tool_results_in[after].any()
    assert (x.calls.history[after] == x.calls.history[after - 1] + 1).all()
    assert (x.calls.wait_us[after] == 0).all()
    assert (x.calls.wait_us[after - 1] > 0).all()
    assert (x.shares_with[after] == x.calls.serial[after - 1]).all()
    assert (x.shared_tokens[after] == agent.static_prefix_tokens).all()


def test_messages_grow_by_two_in_a_history_and_contexts_by_the_answer(
    long_sessions: DrawnSessions,
) -> None:
    x = long_sessions
    same = np.flatnonzero(np.diff(x.calls.history) == 0)
    assert (x.n_messages[0], len(same) > 10_000) == (1, True)
    assert (np.diff(x.n_messages)[same] == 2).all()
    context = context_of(x)
    assert (context[same + 1] >= context[same] + x.calls.output_tokens[same]).all()
    assert (x.shares_with[same + 1] == x.calls.serial[same]).all()
    assert (x.shared_tokens[same + 1] == context[same]).all()


def test_compactions_add_calls_and_change_none_of_those_asked_for(
    long_sessions: DrawnSessions,
) -> None:
    x = long_sessions
    made = np.isin(np.arange(len(x.position)), compactions(x))
    calls = np.bincount(x.calls.task)
    assert (calls == 20 + np.bincount(x.calls.task, made)).all()
    assert x.position.tolist() == position_in(calls).tolist()
    assert x.opens_turn.sum() == 800


# --- the end at the window ----------------------------------------------------------------------


def near_the_window(**values: Any) -> Agent:
    """A scaffold that does not compact, whose sessions begin near the window."""
    return altered("mini-swe-agent", base_context_tokens=lognormal(195_000, 0.01), **values)


def of_all_kinds(asked: Sessions) -> Sessions:
    """The same sessions with pre-warming, several choices and sub-agents."""
    kind = np.arange(len(asked.turns.calls)) % 4
    turns = asked.turns._replace(
        prewarmed=(kind == 1) & (asked.turns.calls > 1),
        choices=np.where(asked.turns.calls == 1, 3, 1),
        sub_agent=(kind == 3) & (asked.turns.calls > 4),
    )
    return replace(asked, turns=turns)


@pytest.fixture(scope="module")
def overflowing() -> tuple[Sessions, DrawnSessions]:
    rng = np.random.default_rng(5)
    turns = rng.integers(1, 7, 300)
    asked = of_all_kinds(sessions(turns, rng.integers(1, 9, turns.sum())))
    return asked, filled(asked, near_the_window())


def kept_by_loop(context: list[int], output: list[int]) -> list[list[int]]:
    """Context, output and whether it was cut of each call of a session up to its end."""
    kept = []
    for tokens, answer in zip(context, output, strict=True):
        if tokens + max(answer, 1) > WINDOW:
            tokens = min(tokens, WINDOW - 1)
            kept.append([tokens, min(answer, WINDOW - tokens), 1])
            break
        kept.append([tokens, answer, 0])
    return kept


def test_a_session_ends_with_the_first_call_that_does_not_fit_the_window(
    overflowing: tuple[Sessions, DrawnSessions],
) -> None:
    asked, cut = overflowing
    whole = filled(asked, near_the_window(), table=ENDLESS)
    counts = asked.calls_per_session.tolist()
    answer = whole.calls.output_tokens // whole.choices
    by_session = (groups(counts, v.tolist()) for v in (context_of(whole), answer))
    expected = [kept_by_loop(*columns) for columns in zip(*by_session, strict=True)]
    shape = cut.calls
    found = np.stack([context_of(cut), shape.output_tokens // cut.choices], axis=1)
    assert shape.calls_per_session.tolist() == [len(kept) for kept in expected]
    assert found.tolist() == [row[:2] for kept in expected for row in kept]
    ended = np.array([row[2] for kept in expected for row in kept], np.bool_)
    assert 50 < ended.sum() < 300
    assert (cut.finish == WINDOW_EXCEEDED).tolist() == (ended & ~cut.prewarm).tolist()
    assert not cut.n_tool_calls_out[ended].any()


def test_context_and_answer_stay_within_the_window(
    overflowing: tuple[Sessions, DrawnSessions],
) -> None:
    _, cut = overflowing
    both = context_of(cut) + cut.calls.output_tokens // cut.choices
    assert both.max() == WINDOW
    assert (both[cut.finish == WINDOW_EXCEEDED] == WINDOW).all()
    assert (cut.calls.output_tokens[~cut.prewarm] >= 1).all()


def test_without_compaction_contexts_never_shrink(
    overflowing: tuple[Sessions, DrawnSessions],
) -> None:
    _, cut = overflowing
    own = ~cut.in_sub_agent
    assert (~own).any()
    inside = np.diff(cut.calls.session[own]) == 0
    assert (np.diff(context_of(cut)[own])[inside] >= 0).all()
    assert (np.diff(cut.n_messages[own])[inside] == 2).all()


def test_tasks_after_the_end_of_their_session_are_nowhere(
    overflowing: tuple[Sessions, DrawnSessions],
) -> None:
    asked, cut = overflowing
    shape, first = cut.calls, np.flatnonzero(cut.position == 0)
    calls = np.bincount(shape.task)
    assert len(calls) < len(asked.task_no)
    assert shape.task.tolist() == np.repeat(np.arange(len(first)), calls).tolist()
    assert cut.position.tolist() == position_in(calls).tolist()
    assert shape.serial.tolist() == ((cut.task_no[shape.task] << 20) + cut.position).tolist()
    session = np.repeat(np.arange(len(asked.per_session)), asked.per_session)
    assert session[cut.task_no].tolist() == shape.session[first].tolist()


def test_tasks_have_the_numbers_that_were_asked_for(mixed: tuple[Sessions, DrawnSessions]) -> None:
    asked, x = mixed
    assert x.task_no.tolist() == asked.task_no.tolist()


def test_a_prewarming_call_beyond_the_window_ends_the_session_and_still_says_max_tokens() -> None:
    asked = sessions([2], [3, 3])
    asked = replace(asked, turns=asked.turns._replace(prewarmed=np.array([True, False])))
    cut = filled(asked, altered("mini-swe-agent", base_context_tokens=constant(WINDOW)))
    assert cut.finish.tolist() == [MAX_TOKENS]
    assert (context_of(cut).tolist(), cut.calls.output_tokens.tolist()) == ([WINDOW - 1], [0])


def test_a_prewarming_call_with_room_for_one_token_is_not_the_last() -> None:
    asked = sessions([1], [3])
    asked = replace(asked, turns=asked.turns._replace(prewarmed=np.array([True])))
    cut = filled(asked, altered("mini-swe-agent", base_context_tokens=constant(WINDOW - 1)))
    assert cut.finish.tolist() == [MAX_TOKENS, WINDOW_EXCEEDED]
    assert context_of(cut).tolist() == [WINDOW - 1, WINDOW - 1]
    assert cut.calls.output_tokens.tolist() == [0, 1]


# --- prompt cache -------------------------------------------------------------------------------


def reads_by_loop(shape: DrawnCalls, begins: list[int], lifetime_us: int) -> list[int]:
    """What each call of one session, answered at once, reads of its own context."""
    reads: list[int] = []
    for k, now in enumerate(begins):
        alive = k > 0 and now - begins[k - 1] <= lifetime_us
        same = alive and shape.history[k] == shape.history[k - 1]
        left, before = int(shape.left_tokens[k]), int(shape.left_tokens[k - 1])
        reads.append(min(left, before) if same and left and before else 0)
    return reads


@given(
    n=st.integers(1, 12),
    seed=st.integers(0, 2**32),
    lifetime_us=st.sampled_from([0, LIFETIME_5M_US, LIFETIME_1H_US]),
    tail=st.sampled_from([0, 4, 1_500]),
)
def test_a_session_reads_its_own_context_as_a_loop_over_the_requests_says(
    n: int, seed: int, lifetime_us: int, tail: int
) -> None:
    agent = altered(
        "chat",
        base_context_tokens=constant(900),
        user_append_tokens=lognormal(150, 1.0),
        uncached_tail_tokens=tail,
        compaction_at=0.02,
        compaction_to_tokens=1_500,
    )
    drawn = filled(sessions([n], [1] * n, lifetime_us=lifetime_us), agent, seed % 1_000)
    shape = drawn.calls
    n = len(shape.serial)
    rng = np.random.default_rng(seed)
    gaps = [1_000_000, LIFETIME_5M_US, LIFETIME_5M_US + 1, LIFETIME_1H_US, LIFETIME_1H_US + 1]
    waits = rng.choice(gaps, n)
    zeros = np.zeros(n, np.int64)
    at_once = replace(shape, wait_us=waits, ttft_us=zeros, generation_us=zeros)
    solved = solve_timing(at_once, zeros[:1], conditions(until_min=10_000))
    expected = reads_by_loop(shape, np.cumsum(waits).tolist(), lifetime_us)
    assert solved.read_tokens.tolist() == expected


def test_contexts_below_the_minimum_of_the_model_leave_nothing() -> None:
    low, high = (altered("chat", base_context_tokens=constant(n)) for n in (900, 1_100))
    assert filled(sessions([1], [1]), low).calls.left_tokens[0] == 0
    left = filled(sessions([1], [1]), high).calls.left_tokens[0]
    assert left == 1_100 - high.uncached_tail_tokens


def test_a_client_that_sends_no_history_begins_every_turn_anew() -> None:
    agent = altered("chat", base_context_tokens=lognormal(900, 1.0), history_share=0.0)
    x = filled(sessions([3] * 400, [2] * 1_200), agent)
    turn_begins, context = np.flatnonzero(x.position == 0), context_of(x)
    assert (x.n_messages[turn_begins] == 1).all()
    assert (x.n_messages[turn_begins + 1] == 3).all()
    assert (context[turn_begins + 1] == context[turn_begins] + x.calls.output_tokens[::2] + 1).all()

    # what the first turns of sessions begin with, and the last ones, is of one distribution
    begun = np.log(context[turn_begins]).reshape(-1, 3)
    error = np.sqrt(2 / 400)
    assert abs(begun[:, 0].mean() - begun[:, 2].mean()) < 4 * error
    assert abs(np.corrcoef(begun[:, 0], begun[:, 2])[0, 1]) < 4 / np.sqrt(400)

    # a turn shares no more than the system prompt with the one before
    later = turn_begins[x.turn[turn_begins] > 0]
    assert (x.shares_with[later] == x.calls.serial[later - 1]).all()
    assert (x.shared_tokens[later] <= agent.static_prefix_tokens).all()


@pytest.mark.parametrize("share", [0.15, 0.6])
def test_so_many_sessions_send_what_was_said_before(share: float) -> None:
    x = filled(sessions([2] * 4_000, [1] * 8_000), altered("chat", history_share=share))
    keeps = (x.n_messages[1::2] == 3).mean()
    assert keeps == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 4_000))


# --- identities ---------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=AGENTS)
def mixed(request: pytest.FixtureRequest) -> tuple[Sessions, DrawnSessions]:
    rng = np.random.default_rng(8)
    turns = rng.integers(1, 5, 2_000)
    asked = sessions(turns, rng.integers(1, 8, turns.sum()))
    return asked, filled(asked, agents()[request.param], table=ENDLESS)


def test_rows_come_in_order_of_session_turn_and_call(mixed: tuple[Sessions, DrawnSessions]) -> None:
    asked, exchanges = mixed
    assert exchanges.position.tolist() == position_in(asked.turns.calls).tolist()
    shape = exchanges.calls
    assert np.bincount(shape.task).tolist() == asked.turns.calls.tolist()
    assert np.bincount(shape.session).tolist() == asked.calls_per_session.tolist()
    assert shape.calls_per_session.tolist() == asked.calls_per_session.tolist()
    assert shape.serial.tolist() == ((shape.task << 20) + exchanges.position).tolist()


def test_a_person_waits_before_a_turn_and_tools_within(
    mixed: tuple[Sessions, DrawnSessions],
) -> None:
    asked, x = mixed
    first = starts_of(asked.calls_per_session)
    between = np.setdiff1d(np.flatnonzero(x.position == 0), first)
    assert (x.calls.wait_us[between] == asked.human_gap_us[0]).all()
    assert (x.calls.wait_us[first] == 0).all()


def test_tool_results_answer_the_tool_calls_before(mixed: tuple[Sessions, DrawnSessions]) -> None:
    _, x = mixed
    within = np.flatnonzero(x.position > 0)
    assert (x.n_tool_results_in[within] == x.n_tool_calls_out[within - 1]).all()
    assert (x.n_tool_results_in[within] >= 1).all()
    assert (x.n_tool_results_in[x.position == 0] == 0).all()


def test_the_last_call_of_a_turn_ends_it_and_others_use_tools(
    mixed: tuple[Sessions, DrawnSessions],
) -> None:
    asked, x = mixed
    last = np.zeros(len(x.position), np.bool_)
    last[np.cumsum(asked.turns.calls) - 1] = True
    assert ((x.n_tool_calls_out == 0) == last).all()
    whole = ~np.isin(x.finish, [MAX_TOKENS, STOP_SEQUENCE])
    assert (x.finish[whole & last] == END_TURN).all()
    assert (x.finish[whole & ~last] == TOOL_USE).all()


def test_answers_take_time(mixed: tuple[Sessions, DrawnSessions]) -> None:
    _, x = mixed
    assert (x.calls.ttft_us > 0).all()
    assert (x.calls.generation_us > 0).all()


def test_answers_stop_at_the_limit_and_say_so() -> None:
    agent = altered("swe-agent", output_tokens=lognormal(4_000, 1.0), max_tokens=4_096)
    x = filled(sessions([1] * 500, [4] * 500), agent)
    assert x.calls.output_tokens.max() == 4_096
    assert (x.finish[x.calls.output_tokens < 4_096] != MAX_TOKENS).all()
    assert (x.finish == MAX_TOKENS).mean() == pytest.approx(0.49, abs=0.04)


def test_clients_without_caching_leave_nothing() -> None:
    x = filled(sessions([1] * 20, [5] * 20, lifetime_us=0), agents()["coding-cli"])
    assert x.calls.left_tokens.max() == 0


@settings(max_examples=25)
@given(st.integers(1, 30))
def test_a_session_does_not_depend_on_those_after_it(n: int) -> None:
    """Draws are taken row by row for each purpose, so a longer block begins like a shorter one."""
    agent = altered("mini-swe-agent")
    short = filled(sessions([1] * n, [3] * n), agent)
    longer = filled(sessions([1] * (n + 5), [3] * (n + 5)), agent)
    assert longer.calls.output_tokens[: 3 * n].tolist() == short.calls.output_tokens.tolist()


# --- distributions ------------------------------------------------------------------------------


def mean_error(values: Any) -> float:
    return float(np.std(values) / np.sqrt(len(values)))


def capped(distribution: Distribution, largest: int) -> Distribution:
    """The distribution with all values above `largest` set to it."""
    if distribution.constant is not None:
        return constant(min(distribution.constant, largest))
    if distribution.quantiles is not None:
        assert distribution.quantile(1) <= largest
        return distribution

    def cut(part: Any) -> Any:
        return part.model_copy(update={"max": min(part.max or largest, largest)})

    if distribution.lognormal is not None:
        return Distribution(lognormal=cut(distribution.lognormal))
    parts = distribution.mixture or ()
    return Distribution(
        mixture=tuple(p.model_copy(update={"lognormal": cut(p.lognormal)}) for p in parts)
    )


def growth_in_histories(agent: Agent, turns: int = 5) -> tuple[Ints, Ints]:
    """By how much the context of each call grows within a history, and the answer before."""
    x = filled(sessions([turns] * 2_000, [30 // turns] * 2_000 * turns), agent)
    same = np.flatnonzero((np.diff(x.calls.history) == 0) & (np.diff(x.calls.session) == 0))
    assert len(same) > 20_000
    return np.diff(context_of(x))[same], x.calls.output_tokens[same]


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_next_request_leaves_out_a_share_of_answers(share: float) -> None:
    new = {"append_tokens": constant(7), "user_append_tokens": constant(7)}
    growth, answer = growth_in_histories(altered("swe-agent", dropped_share=share, **new))
    assert ((growth == 7) | (growth == 7 + answer)).all()
    assert (growth == 7).mean() == pytest.approx(share, abs=0.02)


def test_input_grows_by_less_than_the_last_answer_as_often_as_measured() -> None:
    for agent, turns, measured in (("coding-cli", 5, 0.117), ("mini-swe-agent", 1, 0.73)):
        growth, answer = growth_in_histories(agents()[agent], turns)
        assert (growth < answer).mean() == pytest.approx(measured, abs=0.05)


def test_input_of_a_benchmark_agent_grows_as_in_the_trace() -> None:
    """Against the part of the trace that was not fitted; its p90 differs fourfold between parts."""
    trace = read_trace("mini_swe_agent").rows
    growth, answer = growth_in_histories(agents()["mini-swe-agent"], 1)
    test = trace[trace["part"] == "test"]
    grown = test.groupby("session")["input_tokens"].diff().dropna()
    assert np.log(np.median(growth) / grown.median()) == pytest.approx(0, abs=0.35)
    for p in (0.5, 0.9):
        measured = test["output_tokens"].quantile(p)
        assert np.log(np.quantile(answer, p) / measured) == pytest.approx(0, abs=0.25)


@pytest.fixture(scope="module", params=AGENTS)
def many(request: pytest.FixtureRequest) -> tuple[Agent, DrawnSessions]:
    """Many short agentic turns, all far from compaction, which would choose among the draws."""
    agent = altered(request.param, base_context_tokens=constant(2_000), compaction_at=1.0)
    return agent, filled(sessions([1] * 30_000, [5] * 30_000), agent, seed=11)


def test_mean_output_is_that_of_the_distribution(many: tuple[Agent, DrawnSessions]) -> None:
    agent, x = many
    expected = capped(agent.output_tokens, agent.max_tokens).rounded_mean(low=1)
    assert (
        abs(x.calls.output_tokens.mean() - expected) <= 6 * mean_error(x.calls.output_tokens) + 1e-9
    )


def test_mean_appended_tokens_are_those_of_the_distribution(
    many: tuple[Agent, DrawnSessions],
) -> None:
    agent, x = many
    continued = np.flatnonzero(x.n_messages > 1)
    appended = np.diff(context_of(x))[continued - 1] - x.calls.output_tokens[continued - 1]
    expected = agent.append_tokens.rounded_mean(low=1)
    assert len(continued) > 0.999 * 4 / 5 * len(x.position)
    assert abs(appended.mean() - expected) <= 6 * mean_error(appended) + 1e-9


def test_mean_tool_time_is_that_of_the_distribution(many: tuple[Agent, DrawnSessions]) -> None:
    agent, x = many
    wait_s = x.calls.wait_us[x.position > 0] / 1e6
    assert abs(wait_s.mean() - agent.tool_time_s.mean()) <= 6 * mean_error(wait_s) + 1e-6


def test_duration_is_first_token_plus_output_over_speed() -> None:
    speed = models()["claude-sonnet-4.5"].output_tokens_per_s
    x = filled(sessions([1] * 20_000, [1] * 20_000), agents()["api-script"])
    drawn = x.calls.output_tokens / (x.calls.generation_us / 1e6)
    long = x.calls.output_tokens > 500
    assert np.median(drawn[long]) == pytest.approx(speed.quantile(0.5), rel=0.01)
    assert np.quantile(drawn[long], 0.9) == pytest.approx(speed.quantile(0.9), rel=0.02)


def test_cumulative_input_grows_with_the_power_of_steps_that_was_measured() -> None:
    """Measured 1.58 over 730 tasks; a constant context would give 1, pure growth 2."""
    measured = steps_for("swe-agent", "claude-sonnet-4.5")
    streams = Streams(2)
    scores = instance_scores(streams, measured.benchmark, 4_000)
    calls = draw_steps(measured, scores, streams.rng("steps"))
    x = filled(sessions(np.ones(len(calls)), calls), agents()["swe-agent"])
    total = np.bincount(x.calls.session, context_of(x))
    exponent = np.polyfit(np.log(calls), np.log(total), 1)[0]
    assert 1.45 < exponent < 1.70


# --- special turns ------------------------------------------------------------------------------


def special(calls: int, agent: Agent | None = None, **turns: Any) -> DrawnSessions:
    """Two hundred sessions of one turn each, special in one way."""
    asked = sessions([1] * 200, [calls] * 200)
    columns = {name: np.full(200, value) for name, value in turns.items()}
    asked = replace(asked, turns=asked.turns._replace(**columns))
    return filled(asked, agent or altered("coding-cli"))


def by_position(values: Any, calls: int) -> Any:
    return values.reshape(200, calls)


def test_a_prewarming_call_adds_and_asks_for_nothing() -> None:
    agent = altered(
        "coding-cli", base_context_tokens=constant(2_000), user_append_tokens=constant(5)
    )
    x = special(3, agent, prewarmed=True)
    asks, output, context = (
        by_position(column, 3)
        for column in (x.calls.asks_tokens, x.calls.output_tokens, x.calls.context_tokens)
    )
    most = altered("coding-cli").max_tokens
    assert (asks == [0, most, most]).all()
    assert (output[:, 0] == 0).all()
    assert (by_position(x.prewarm, 3) == [True, False, False]).all()
    assert (by_position(x.opens_turn, 3) == [True, True, False]).all()
    assert (by_position(x.finish, 3)[:, 0] == MAX_TOKENS).all()
    assert (by_position(x.n_tool_calls_out, 3)[:, 0] == 0).all()
    assert (context[:, :2] == [2_000, 2_005]).all()


def test_an_answer_to_several_choices_counts_all_of_them() -> None:
    agent = altered("chat", output_tokens=constant(30))
    x = special(1, agent, choices=3)
    assert (x.calls.output_tokens == 90).all()
    assert (x.choices == 3).all()


def test_a_refused_turn_ends_with_a_refusal() -> None:
    x = special(1, refused=True)
    assert (x.finish == REFUSAL).all()
    agent = altered("chat", output_tokens=constant(10**6))
    assert (special(1, agent, refused=True).finish == REFUSAL).all()
    assert (special(1, agent).finish == MAX_TOKENS).all()


def test_categories_of_refusals_are_drawn_with_their_weights() -> None:
    x = filled(sessions([1] * 20_000, [1] * 20_000), altered("chat"))
    shares = np.bincount(x.category, minlength=5) / 20_000
    assert shares.tolist() == pytest.approx([0.25, 0.1, 0.15, 0.1, 0.4], abs=0.015)


def test_tools_at_the_provider_run_ten_steps_an_exchange() -> None:
    agent = altered("chat", append_tokens=constant(7), user_append_tokens=constant(5))
    x = special(3, agent, server_steps=24)
    assert (by_position(x.server_requests, 3) == [10, 10, 4]).all()
    assert (x.n_tool_calls_out == 0).all()
    finish = by_position(x.finish, 3)
    assert (finish[:, :2] == PAUSE_TURN).all()
    # each exchange brings the results of ten steps
    grown = np.diff(by_position(x.calls.context_tokens, 3))
    assert (grown == 70 + by_position(x.calls.output_tokens, 3)[:, :2]).all()
    prewarmed = special(3, agent, server_steps=13, prewarmed=True)
    assert (by_position(prewarmed.server_requests, 3) == [0, 10, 3]).all()


def test_who_has_a_paused_answer_go_on_sends_it_last() -> None:
    x = special(3, altered("chat"), server_steps=24)
    assert (by_position(x.role, 3) == [USER, ASSISTANT, ASSISTANT]).all()
    assert (by_position(x.n_messages, 3) == [1, 2, 2]).all()
    assert not x.n_tool_results_in.any()
    two_turns = replace(sessions([2], [2, 1]), turns=turns_at_the_provider())
    assert filled(two_turns, altered("chat")).n_messages.tolist() == [1, 2, 3]


def turns_at_the_provider() -> Turns:
    return plain_turns(np.array([2, 1]))._replace(server_steps=np.array([14, 0]))


@pytest.mark.parametrize(("calls", "expected"), [(5, [2, 3]), (9, [3, 4, 5, 6])])
def test_a_sub_agent_makes_the_calls_in_the_middle(calls: int, expected: list[int]) -> None:
    x = special(calls, NEVER_FULL, sub_agent=True)
    in_sub = by_position(x.in_sub_agent, calls)
    assert (np.flatnonzero(in_sub[0]) == expected).all()
    assert (in_sub == in_sub[0]).all()


def test_a_sub_agent_has_a_history_of_its_own_and_reports_to_its_parent() -> None:
    x = special(6, NEVER_FULL, sub_agent=True)
    context, output, wants, brings, history, shared = (
        by_position(column, 6)
        for column in (
            context_of(x),
            x.calls.output_tokens,
            x.n_tool_calls_out,
            x.n_tool_results_in,
            x.calls.history,
            x.shared_tokens,
        )
    )
    # calls 2, 3 and 4 are the sub-agent's: call 1 spawns it, call 5 has its report
    assert (by_position(x.n_messages, 6) == [1, 3, 1, 3, 5, 5]).all()
    assert (by_position(x.role, 6) == [USER, TOOL, USER, TOOL, TOOL, TOOL]).all()
    assert (history[:, [0, 1, 5]] == history[:, :1]).all()
    assert (history[:, 2:5] == history[:, 2:3]).all()
    assert (history[:, 2] != history[:, 0]).all()
    assert (context[:, 2] > NEVER_FULL.static_prefix_tokens).all()
    assert (context[:, 5] == context[:, 1] + output[:, 1] + output[:, 4]).all()
    assert (wants[:, 4] == 0).all()
    assert (brings[:, 5] == wants[:, 1]).all()
    assert (brings[:, 2] == 0).all()
    serial = by_position(x.calls.serial, 6)
    assert (by_position(x.shares_with, 6)[:, 1:] == serial[:, [0, 1, 2, 3, 1]]).all()
    assert (shared[:, 2] == NEVER_FULL.static_prefix_tokens).all()
    assert (shared[:, 5] == context[:, 1]).all()


def test_reasoning_is_20_to_80_percent_of_the_output_of_those_who_think() -> None:
    agent = altered("chat", output_tokens=constant(1_000))
    asked = sessions([1] * 4_000, [1] * 4_000)
    thinks = np.arange(4_000) % 2 == 0
    x = filled(replace(asked, thinks=thinks), agent)
    assert (x.reasoning_tokens[~thinks] == 0).all()
    shares = x.reasoning_tokens[thinks] / 1_000
    assert (shares.min(), shares.max()) == pytest.approx((0.2, 0.8), abs=0.005)


def test_some_answers_end_with_a_stop_sequence() -> None:
    agent = altered("chat", stop_sequence_share=0.3, output_tokens=constant(10))
    x = filled(sessions([1] * 10_000, [2] * 10_000), agent)
    last = x.position == 1
    assert (x.finish[last] == STOP_SEQUENCE).mean() == pytest.approx(0.3, abs=0.02)
    assert (x.finish[~last] == TOOL_USE).all()


def test_only_calls_of_batches_wait_for_their_answer_for_hours() -> None:
    asked = sessions([1] * 400, [1] * 400)
    batch = np.arange(400) % 2 == 0
    x = filled(replace(asked, batch=batch), altered("chat"))
    hours = x.calls.ttft_us / 3.6e9
    assert np.median(hours[batch]) == pytest.approx(1, rel=0.3)
    assert hours[~batch].max() < 0.1


def test_a_session_has_the_static_prefix_of_its_scaffold_and_its_own_numbers() -> None:
    asked = sessions([2, 1], [1, 2, 3])
    asked = replace(asked, key=np.array([4, 5]), bucket=np.array([-1, 6]))
    agent = altered("coding-cli")
    calls = filled(asked, agent).calls
    assert calls.static_tokens.tolist() == [agent.static_prefix_tokens] * 2
    assert calls.key.tolist() == [4, 5]
    assert calls.bucket.tolist() == [-1, 6]


def test_failures_of_first_attempts_are_drawn_with_the_calls() -> None:
    calls = filled(sessions([3], [1, 2, 3]), altered("chat")).calls
    failures = FailureDraws(Streams(3), "test")
    assert calls.failure_draw.tolist() == failures.failure(calls.serial, 0).tolist()


@pytest.mark.parametrize("agent", AGENTS)
def test_what_is_counted_does_not_hang_on_what_is_not(agent: str) -> None:
    """Replicates leave out draws that no convention asks for."""
    asked = sessions([1, 3, 2] * 20, [1, 30, 7, 1, 2, 90] * 20)
    turns = asked.turns._replace(refused=np.arange(120) % 5 == 0, prewarmed=np.arange(120) % 7 == 0)
    asked = replace(asked, turns=turns, window_tokens=np.full(60, WINDOW))
    if agents()[agent].library is not None:
        asked = replace(asked, recorded=np.arange(int(asked.turns.calls.sum())))
    streams = Streams(3)
    of = agents()[agent], SONNET, FailureDraws(streams, "test"), streams, "test"
    whole, counted = fill(asked, *of), fill(asked, *of, counting=True)
    for field in fields(DrawnCalls):
        expected = getattr(whole.calls, field.name)
        assert (getattr(counted.calls, field.name) == expected).all(), field.name
    for name in ("position", "opens_turn", "choices", "prewarm"):
        assert (getattr(counted, name) == getattr(whole, name)).all(), name
    assert ((counted.finish == REFUSAL) == (whole.finish == REFUSAL)).all()
    assert not counted.reasoning_tokens.any()
