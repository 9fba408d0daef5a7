"""Each column of the log, made from a few rows that are written down here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.arrays.columns import Columns
from sim.catalog import agents
from sim.entities import pools
from sim.output.exchange_log import Renderer
from sim.output.log_answer import suspected_categories
from sim.output.log_content import observed_clusters
from sim.output.log_request import EXCHANGE_LOG
from sim.output.row_tables import RowContext
from sim.population.population import Population, build_population
from sim.scaffold.exchange_records import EXCHANGE_ROW
from sim.scenario.resolved import Scenario
from sim.streams import opaque_ids
from sim.tables.words import FINISH_REASONS, REFUSAL, REFUSAL_CATEGORIES
from tests.support.scenarios import HOUR_US, coders, event, ordinary, scenario

RTT_JITTER = 0.15


def population_of(asked: Scenario, **accounts: Any) -> Population:
    """The population of a scenario with some fields of its accounts written anew."""
    population = build_population(asked)
    return replace(population, accounts=replace(population.accounts, **accounts))


@pytest.fixture(scope="module")
def population() -> Population:
    """Three accounts: at home and away, behind a cloud platform, and with an alias."""
    return population_of(
        scenario(coders(3)),
        platform=np.array([0, 2, 0]),
        asks_latest=np.array([False, False, True]),
        sends_conversation=np.array([True, False, True]),
        names_end_user=np.array([False, True, True]),
        temperature=np.array([np.nan, 0.5, 1.0], np.float32),
        tcp_rtt_ms=np.array([10, 20, 30], np.float32),
        tls_rtt_ms=np.array([110, 20, 30], np.float32),
    )


def rows_of(count: int, **fields: Any) -> Columns:
    """Rows of exchanges, zero where nothing is said."""
    rows = {name: np.zeros(count, EXCHANGE_ROW[name]) for name in EXCHANGE_ROW.names or ()}
    rows |= {"id": opaque_ids(5, np.arange(count)), "actor": np.zeros(count, np.int64)}
    for name, values in fields.items():
        kind = rows[name].dtype
        rows[name] = np.asarray(np.broadcast_to(values, count), kind).copy()
    return rows


def column(population: Population, name: str, count: int, **fields: Any) -> list[Any]:
    """The values of one column of the log."""
    rows = rows_of(count, **fields)
    assert Renderer is not None
    schema = type(EXCHANGE_LOG.schema)([EXCHANGE_LOG.schema.column(name)])
    table = EXCHANGE_LOG.render(RowContext(population), rows, schema)
    return list(table.column(name).to_pylist())


# the request


def test_times_and_durations_are_those_of_the_row(population: Population) -> None:
    fields = {"ts": [0, 3_000_000], "duration": [1_500_000, 250_000], "ttft": [-1, 125_000]}
    opening = population.scenario.clock.start
    starts = column(population, "ts_start", 2, **fields)
    ends = column(population, "ts_end", 2, **fields)
    assert [(t - opening).total_seconds() for t in starts] == [0, 3]
    assert [(t - opening).total_seconds() for t in ends] == [1.5, 3.25]
    assert column(population, "duration_s", 2, **fields) == [1.5, 0.25]
    assert column(population, "ttft_s", 2, **fields) == [None, 0.125]
    assert column(population, "ttft_s", 1, ttft=0) == [0.0]


def test_what_clients_do_not_send_is_missing(population: Population) -> None:
    account = [0, 1, 2]
    session = column(population, "conversation_id", 3, account=account, session=[4, 4, 4])
    assert [bool(value) for value in session] == [True, False, True]
    assert session[0] == session[2]
    assert session[0] == opaque_ids(population.actor_key("conversation"), np.array([4]))[0]
    users = column(population, "end_user_hash", 4, account=[0, 1, 1, 2], person=[3, 3, 4, 3])
    assert users[0] == 0
    assert len(set(users[1:])) == 3
    assert column(population, "temperature", 3, account=account) == [None, 0.5, 1.0]


def test_the_alias_hides_the_model_that_was_asked_for(population: Population) -> None:
    ids = population.models.ids
    asked = column(population, "model_requested", 3, account=[0, 1, 2], model=[0, 1, 1])
    assert asked == [ids[0], ids[1], "latest"]
    assert column(population, "model_served", 2, account=[2, 2], model=[0, 1]) == list(ids[:2])


def test_a_call_that_warms_the_cache_allows_no_answer(population: Population) -> None:
    agent = agents()[population.agent_ids[population.agent_of_account[1]]]
    limits = column(population, "max_tokens", 2, account=[1, 1], prewarm=[False, True])
    assert limits == [agent.max_tokens, 0]
    assert column(population, "n_tool_defs", 1, account=1) == [agent.n_tool_defs]


def test_flags_become_words(population: Population) -> None:
    assert column(population, "service_tier", 2, batch=[False, True]) == ["standard", "batch"]
    assert column(population, "last_role_in", 3, role=[0, 1, 2]) == ["tool", "user", "assistant"]
    assert column(population, "platform", 2, account=[0, 1]) == ["first_party", "gcp.vertex_ai"]


def test_a_chain_is_an_attempt_and_two_retries(population: Population) -> None:
    assert column(population, "resend_count", 7, number=range(7)) == [0, 1, 2, 0, 1, 2, 0]


def test_input_is_the_sum_of_its_four_kinds(population: Population) -> None:
    fields = {"uncached": 1, "read": 20, "write_5m": 300, "write_1h": 4_000, "output": 50_000}
    assert column(population, "input_tokens_total", 1, **fields) == [4_321]
    shown = ("input_tokens_uncached", "cache_read_tokens", "cache_write_5m_tokens")
    assert [column(population, name, 1, **fields)[0] for name in shown] == [1, 20, 300]
    assert column(population, "cache_write_1h_tokens", 1, **fields) == [4_000]
    assert column(population, "output_tokens", 1, **fields) == [50_000]


def test_cost_is_the_list_price_half_of_it_in_a_batch(population: Population) -> None:
    fields = {"uncached": 1_000, "output": 10, "batch": [False, True]}
    full, half = column(population, "cost_usd", 2, **fields)
    price = population.models.prices[0]
    assert full == pytest.approx((1_000 * price[0] + 10 * price[4]) * 1e-9, rel=1e-6)
    assert half == pytest.approx(full / 2, rel=1e-6)


def test_a_price_change_holds_from_its_moment_to_its_end() -> None:
    changes = (
        event("price", HOUR_US, 2 * HOUR_US, factor=0.5),
        event("price", HOUR_US, factor=3.0, model="no-such-model"),
    )
    asked = scenario(coders(1), world=ordinary(changes[0]))
    population = build_population(asked)
    ts = [HOUR_US - 1, HOUR_US, 2 * HOUR_US - 1, 2 * HOUR_US]
    before, begun, ending, after = column(population, "cost_usd", 4, ts=ts, uncached=10**6)
    assert before == after == pytest.approx(2 * begun)
    assert begun == ending > 0


def test_a_price_change_of_a_model_leaves_the_others() -> None:
    ids = build_population(scenario(coders(1))).models.ids
    change = event("price", 0, factor=0.5, model=ids[1])
    population = build_population(scenario(coders(1), world=ordinary(change)))
    numbers = [population.models.ids.index(ids[0]), population.models.ids.index(ids[1])]
    first, second = column(population, "cost_usd", 2, model=numbers, output=1_000)
    prices = population.models.prices[:, 4]
    assert first == pytest.approx(prices[numbers[0]] * 1e-6, rel=1e-6)
    assert second == pytest.approx(prices[numbers[1]] * 0.5e-6, rel=1e-6)


# the answer


def test_a_failed_attempt_has_an_error_and_no_end(population: Population) -> None:
    status = [200, 403, 429, 529, 500, 499]
    finish = [1, -1, -1, -1, -1, -1]
    assert column(population, "error_type", 6, status=status) == [
        None,
        "permission_error",
        "rate_limit_error",
        "overloaded_error",
        "api_error",
        "client_timeout",
    ]
    reasons = column(population, "finish_reason", 6, status=status, finish=finish)
    assert reasons == [FINISH_REASONS[1], None, None, None, None, None]


def test_a_category_is_given_where_an_answer_is_a_refusal(population: Population) -> None:
    other = (REFUSAL + 1) % len(FINISH_REASONS)
    found = column(population, "refusal_category", 3, finish=[REFUSAL, other, -1], category=2)
    assert found == [REFUSAL_CATEGORIES[2], None, None]


@pytest.mark.parametrize(
    ("family", "suspicion", "share"),
    [("reasoning", "reasoning_extraction", 0.5), ("rubric", "frontier_llm", 0.25)],
)
def test_a_share_of_some_families_is_suspected(
    population: Population, family: str, suspicion: str, share: float
) -> None:
    numbers = population.universe.templates_of(family)
    first, last, before = numbers.start, numbers.stop - 1, numbers.start - 1
    for template, expected in ((first, share), (last, share), (before, None)):
        rows = rows_of(2_000, finish=REFUSAL, template=template, category=0)
        found = suspected_categories(population, rows) == REFUSAL_CATEGORIES.index(suspicion)
        if expected is not None:
            assert found.mean() == pytest.approx(expected, abs=0.05)
    answered = rows_of(200, finish=1, template=first, category=1)
    assert (suspected_categories(population, answered) == 1).all()


# what was asked


def test_a_clustering_splits_six_in_a_hundred_and_mixes_up_four() -> None:
    n, templates = 60_000, 50
    rows = rows_of(n, content=np.arange(n), template=7)
    numbers = observed_clusters(3, templates, rows)
    splinters = 7 + templates * np.arange(1, 4)
    assert np.isin(numbers, splinters).mean() == pytest.approx(0.06, abs=0.004)
    assert ((numbers < templates) & (numbers != 7)).mean() == pytest.approx(0.04, abs=0.004)
    assert (numbers == 7).mean() == pytest.approx(0.90, abs=0.005)
    assert set(numbers[numbers >= templates].tolist()) == set(splinters.tolist())
    assert set(numbers[numbers < templates].tolist()) == set(range(templates))


def test_contents_of_one_template_share_its_identifiers(population: Population) -> None:
    prompts = column(population, "system_prompt_hash", 3, template=[4, 4, 5])
    assert prompts[0] == prompts[1] != prompts[2]
    clusters = column(population, "prompt_cluster", 40, template=4, content=np.arange(40))
    assert max(clusters.count(value) for value in set(clusters)) > 25
    assert column(population, "prompt_lang", 2, language=[0, 2]) == [
        pools.LANGUAGES[0],
        pools.LANGUAGES[2],
    ]


# the network


def test_an_address_is_that_of_home_or_of_the_second_network(population: Population) -> None:
    accounts = population.accounts
    fields = {"account": [0, 0, 2], "away": [False, True, True]}
    key = population.streams.key
    for name, purpose, shift in (("ip_hash", "ip", 0), ("ip24_hash", "ip24", 8)):
        ips = np.array([accounts.ip[0], accounts.away_ip[0], accounts.away_ip[2]]) >> shift
        expected = opaque_ids(key("pool", purpose), ips).tolist()
        assert column(population, name, 3, **fields) == expected
    asns = [accounts.asn[0], accounts.away_asn[0], accounts.away_asn[2]]
    assert column(population, "asn", 3, **fields) == asns
    types = [accounts.asn_type[0], accounts.away_asn_type[0], accounts.away_asn_type[2]]
    assert column(population, "asn_type", 3, **fields) == [pools.ASN_TYPES[t] for t in types]
    countries = [pools.COUNTRIES[accounts.country[k]] for k in (0, 0, 2)]
    assert column(population, "geo_country", 3, **fields) == countries


@pytest.mark.parametrize(
    "name", ["asn", "asn_type", "geo_country", "tcp_rtt_ms", "tls_rtt_ms", "ip_hash", "ip24_hash"]
)
def test_nothing_is_seen_of_the_network_behind_a_cloud_platform(
    population: Population, name: str
) -> None:
    for away in (False, True):
        home, hidden = column(population, name, 2, account=[0, 1], away=away)
        assert home
        assert not hidden
        assert (hidden == 0) if name.startswith("ip") else (hidden is None)


def test_round_trips_are_longer_by_chance_each_leg_by_its_own(population: Population) -> None:
    n = 4_000
    tcp = np.array(column(population, "tcp_rtt_ms", n, account=0))
    tls = np.array(column(population, "tls_rtt_ms", n, account=0))
    assert tcp.min() >= 10
    assert tcp.max() <= 10 * (1 + RTT_JITTER) * (1 + 1e-6)
    assert np.ptp(tcp) > 10 * RTT_JITTER * 0.98
    beyond = tls - tcp
    assert beyond.min() >= 100 * (1 - 1e-6)
    assert beyond.max() <= 100 * (1 + RTT_JITTER) * (1 + 1e-6)
    assert abs(np.corrcoef(tcp, beyond)[0, 1]) < 0.1
    alone = np.array(column(population, "tls_rtt_ms", 50, account=2))
    network = np.array(column(population, "tcp_rtt_ms", 50, account=2))
    assert (alone == network).all()
