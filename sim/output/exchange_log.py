"""Turn the rows of a window into the tables of the log and of the truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.actors.prompts import PromptSource, reword_key, reworded
from sim.arrays.columns import Columns
from sim.arrays.time import SECOND_US
from sim.arrays.types import Array
from sim.catalog import agents
from sim.entities import pools
from sim.output.account_usage import BATCH_PRICE
from sim.population.population import Population
from sim.scaffold.rows import task_of
from sim.streams import MISSING, mixed, opaque_ids, uniforms
from sim.tables.schema import (
    DIMENSIONS,
    TRUTH_EXCHANGES,
    TRUTH_TASKS,
    VECTOR_COLUMN,
    arrow_schema,
    exchange_columns,
)
from sim.tables.words import (
    FINISH_REASONS,
    PROMPT_KINDS,
    REFUSAL,
    REFUSAL_CATEGORIES,
    TASK_STATES,
)
from sim.world.attempts import ERROR_TYPES, RETRIES

Column = Callable[[Columns], Any]

LATEST = "latest"
# Of an online clustering, and of round trips; priors.
_SPLIT, _MIXED = 0.06, 0.04
_RTT_JITTER = np.float32(0.15)
# What the provider thinks of refused prompts of some families, and in which share of them; priors.
_SUSPECTED = {
    "reasoning": ("reasoning_extraction", 0.5),
    "rubric": ("frontier_llm", 0.25),
    "analyst": ("frontier_llm", 0.25),
}
_ROLES = ("tool", "user")
_INPUT = ("uncached", "read", "write_5m", "write_1h")
_ERROR_CODE = np.full(600, -1)
_ERROR_CODE[list(ERROR_TYPES)] = np.arange(len(ERROR_TYPES))


class Renderer:
    """Renders the windows of one cast; what an account always sends is looked up, not stored."""

    def __init__(self, population: Population) -> None:
        import pyarrow as pa

        self._pa = pa
        self._population = population
        self._opening_us = round(population.scenario.clock.start.timestamp() * SECOND_US)
        tables = population.scenario.tables
        columns = exchange_columns(tables.columns, vectors=tables.vectors)
        self._log_schema = arrow_schema(columns)
        makers = self._measured() | self._answers() | self._contents()
        makers |= self._networks() | self.account_columns()
        self._makers = [makers[name] for name in columns]
        self._truth_schema = arrow_schema(TRUTH_EXCHANGES)
        self._task_schema = arrow_schema(TRUTH_TASKS)
        typologies = [t.id for t in population.typology_of_actor()]
        # each word once: a dictionary with repeated words makes Parquet's bytes vary
        self._typologies = sorted(set(typologies))
        self._typology = np.array([self._typologies.index(t) for t in typologies])
        self._extracts = np.array([t.is_extraction for t in population.typology_of_actor()])
        self._actor_ids = [s.actor.id for s in population.contexts]
        self._task_keys = population.actor_key("task")
        self._exchange_keys = population.actor_key("exchange")

    def log(self, rows: Columns) -> Any:
        """Exchange log, one row per HTTP attempt."""
        return self._pa.table([make(rows) for make in self._makers], schema=self._log_schema)

    def truth(self, rows: Columns) -> Any:
        """Truth of the same exchanges, in the same order."""
        actor = rows["actor"]
        call = opaque_ids(self._exchange_keys[actor], rows["serial"])
        columns = [
            rows["id"],
            opaque_ids(self._task_keys[actor], task_of(rows["serial"])),
            self._words(actor, self._actor_ids),
            self._words(self._typology[actor], self._typologies),
            self._extracts[actor] & (rows["kind"] == PromptSource.LIST),
            rows["kind"] == PromptSource.COVER,
            rows["user"],
            call,
        ]
        return self._pa.table(columns, schema=self._truth_schema)

    def tasks(self, tasks: Columns) -> Any:
        """Truth of the tasks that have an exchange in the log."""
        account = tasks["account"]
        actor = self._population.actor_of_account[account]
        columns = [
            opaque_ids(self._task_keys[actor], tasks["serial"]),
            self._population.accounts.account_id[account],
            self._words(actor, self._actor_ids),
            self._words(self._typology[actor], self._typologies),
            self._times(tasks["start"]),
            self._times(tasks["end"]),
            tasks["calls"].astype(np.int32),
            tasks["exchanges"].astype(np.int32),
            tasks["logged"].astype(np.int32),
            self._words(tasks["kind"], PROMPT_KINDS),
            self._pa.array(tasks["item"], mask=tasks["item"] < 0),
            tasks["round"].astype(np.int32),
            self._words(tasks["state"], TASK_STATES),
        ]
        return self._pa.table(columns, schema=self._task_schema)

    def _priced(self, rows: Columns, nano: Array) -> Array:
        """List price under the price changes of the timeline, each rounded to 1e-9 USD."""
        for event in self._population.scenario.world.events:
            if event.kind == "price":
                until = np.inf if event.until_us is None else event.until_us
                under = (rows["ts"] >= event.at_us) & (rows["ts"] < until)
                if event.model is not None:
                    under &= rows["model"] == self._population.models.number(event.model)
                nano = np.where(under, np.rint(nano * event.factor), nano)
        return nano

    def _times(self, relative_us: Array) -> Any:
        stamps = (relative_us + self._opening_us).view("datetime64[us]")
        return self._pa.array(stamps, self._pa.timestamp("us", tz="UTC"))

    def _words(self, codes: Array, words: Sequence[str], missing: Array | None = None) -> Any:
        pa = self._pa
        return pa.DictionaryArray.from_arrays(
            pa.array(codes.astype(np.int32), mask=missing), pa.array(list(words), pa.string())
        )

    def _measured(self) -> dict[str, Column]:
        """Columns about the request: who, when, which model, what went in, what it cost."""
        models = self._population.models
        conversation = self._population.actor_key("conversation")
        sends = self._population.accounts.sends_conversation

        def requested(rows: Columns) -> Any:
            latest = self._population.accounts.asks_latest[rows["account"]]
            codes = np.where(latest, len(models.ids), rows["model"])
            return self._words(codes, [*models.ids, LATEST])

        def conversation_id(rows: Columns) -> Any:
            ids = opaque_ids(conversation[rows["actor"]], rows["session"])
            return np.where(sends[rows["account"]], ids, MISSING)

        names_user = self._population.accounts.names_end_user
        user_key = self._population.streams.key("pool", "end users")
        users = mixed(user_key, self._population.accounts.account_id)

        def end_user(rows: Columns) -> Any:
            ids = opaque_ids(users[rows["account"]], rows["person"])
            return np.where(names_user[rows["account"]], ids, MISSING)

        def cost(rows: Columns) -> Any:
            nano = models.cost_nano_usd(*(rows[name] for name in ("model", *_INPUT, "output")))
            nano = np.where(rows["batch"], np.rint(nano * BATCH_PRICE), nano)
            return (self._priced(rows, nano) * 1e-9).astype(np.float32)

        return {
            "exchange_id": _of("id"),
            "ts_start": lambda rows: self._times(rows["ts"]),
            "ts_end": lambda rows: self._times(rows["ts"] + rows["duration"]),
            "duration_s": lambda rows: _seconds(rows["duration"]),
            "conversation_id": conversation_id,
            "model_requested": requested,
            "model_served": lambda rows: self._words(rows["model"], models.ids),
            "end_user_hash": end_user,
            "n_messages": _of("n_messages"),
            "n_tool_results_in": _of("n_results"),
            "last_role_in": lambda rows: self._words(rows["user"], _ROLES),
            "choice_count": _of("choices"),
            "service_tier": lambda rows: self._words(rows["batch"], ("standard", "batch")),
            "input_tokens_uncached": _of("uncached"),
            "cache_read_tokens": _of("read"),
            "cache_write_5m_tokens": _of("write_5m"),
            "cache_write_1h_tokens": _of("write_1h"),
            "input_tokens_total": lambda rows: sum(rows[name] for name in _INPUT),
            "resend_count": lambda rows: (rows["number"] % (RETRIES + 1)).astype(np.int8),
            "cost_usd": cost,
        }

    def _answers(self) -> dict[str, Column]:
        """Columns about the answer, and what was asked of it."""
        limits = np.array([agents()[a].max_tokens for a in self._population.agent_ids], np.int32)
        limit_of_account = limits[self._population.agent_of_account]

        def asks(rows: Columns) -> Any:
            return np.where(rows["prewarm"], np.int32(0), limit_of_account[rows["account"]])

        def ttft(rows: Columns) -> Any:
            return self._pa.array(_seconds(rows["ttft"]), mask=rows["ttft"] < 0)

        def error(rows: Columns) -> Any:
            codes = _ERROR_CODE[rows["status"]]
            return self._words(codes, list(ERROR_TYPES.values()), codes < 0)

        def finish(rows: Columns) -> Any:
            return self._words(rows["finish"], FINISH_REASONS, rows["finish"] < 0)

        def category(rows: Columns) -> Any:
            missing = rows["finish"] != REFUSAL
            return self._words(self._suspected(rows), REFUSAL_CATEGORIES, missing)

        return {
            "max_tokens": asks,
            "ttft_s": ttft,
            "output_tokens": _of("output"),
            "reasoning_tokens": _of("reasoning"),
            "server_tool_requests": _of("server"),
            "n_tool_calls_out": _of("n_calls"),
            "finish_reason": finish,
            "refusal_category": category,
            "http_status": _of("status"),
            "error_type": error,
        }

    def _suspected(self, rows: Columns) -> Array:
        """What the provider suspects: drawn, but for a share in which templates suggest something.

        It goes by what is asked, never by who asks: research and grading are suspected alike.
        """
        category = rows["category"].copy()
        refused = np.flatnonzero(rows["finish"] == REFUSAL)
        template = rows["template"][refused]
        chance = uniforms(
            mixed(self._population.streams.key("pool", "suspicions"), rows["id"][refused])
        )
        for family, (suspicion, share) in _SUSPECTED.items():
            of = self._population.universe.templates_of(family)
            asked = (template >= of.start) & (template < of.stop) & (chance < share)
            category[refused[asked]] = REFUSAL_CATEGORIES.index(suspicion)
        return category

    def _contents(self) -> dict[str, Column]:
        """Columns about what was asked, without a word of it."""
        population = self._population
        templates = opaque_ids(
            population.streams.key("pool", "templates"), np.arange(population.universe.templates)
        )
        clusters = population.streams.key("pool", "clusters")
        errors = population.streams.key("pool", "clusters", "errors")

        def cluster(rows: Columns) -> Any:
            return opaque_ids(
                clusters, observed_clusters(errors, population.universe.templates, rows)
            )

        def vector(rows: Columns) -> Any:
            values = prompt_vectors(population, rows).astype(np.float16)
            flat = self._pa.array(values.ravel(), self._pa.float16())
            return self._pa.FixedSizeListArray.from_arrays(flat, DIMENSIONS)

        return {
            "system_prompt_hash": lambda rows: templates[rows["template"]],
            "prompt_cluster": cluster,
            "prompt_simhash64": _of("prompt"),
            "prompt_lang": lambda rows: self._words(rows["language"], pools.LANGUAGES),
            VECTOR_COLUMN: vector,
        }

    def account_columns(self) -> dict[str, Column]:
        """Columns that an account, its client or its agent always sends alike."""
        population, accounts, clients = (
            self._population,
            self._population.accounts,
            self._population.clients,
        )
        agent = [agents()[a] for a in population.agent_ids]
        tools = np.array([a.n_tool_defs for a in agent], np.int16)[population.agent_of_account]
        keys = np.array(
            [population.streams.key("pool", "toolset", a) for a in population.agent_ids], np.uint64
        )
        toolsets = opaque_ids(keys, 0)[population.agent_of_account]

        def client(words: tuple[str, ...]) -> Column:
            distinct = sorted(set(words))
            codes = np.array([distinct.index(w) for w in words])
            return self._word(codes[accounts.client], distinct)

        def temperature(rows: Columns) -> Any:
            values = accounts.temperature[rows["account"]]
            return self._pa.array(values, mask=np.isnan(values))

        made: dict[str, Column] = {
            "org_id": _by_account(accounts.org_id),
            "api_key_id": _by_account(accounts.api_key_id),
            "account_id": _by_account(accounts.account_id),
            "thinking_enabled": _by_account(accounts.thinks),
            "stream": _by_account(accounts.streams_answers),
            "temperature": temperature,
            "n_tool_defs": _by_account(tools),
            "toolset_hash": _by_account(toolsets),
            "platform": self._word(accounts.platform, pools.PLATFORMS),
        }
        names = ("ja4", "user_agent", "sdk_lang", "sdk_version", "os", "arch", "runtime")
        return made | {name: client(getattr(clients, name)) for name in names}

    def _word(self, codes: Array, words: Sequence[str]) -> Column:
        small = codes.astype(np.int32)
        return lambda rows: self._words(small[rows["account"]], words)

    def _networks(self) -> dict[str, Column]:
        """What is seen of an account's network, at home or away; nothing through a cloud."""
        a, key = self._population.accounts, self._population.streams.key
        ip, ip24 = key("pool", "ip"), key("pool", "ip24")
        hidden = a.platform > 0

        def seen(here: Array, away: Array, rows: Columns) -> Array:
            account = rows["account"]
            return np.where(rows["away"], away[account], here[account])

        def identified(here: Array, away: Array) -> Column:
            home, second = (np.where(hidden, MISSING, values) for values in (here, away))
            return lambda rows: seen(home, second, rows)

        def placed(here: Array, away: Array) -> Column:
            return lambda rows: self._pa.array(seen(here, away, rows), mask=hidden[rows["account"]])

        def named(here: Array, away: Array, words: Sequence[str]) -> Column:
            return lambda rows: self._words(seen(here, away, rows), words, hidden[rows["account"]])

        def round_trip(*legs: tuple[str, Array]) -> Column:
            noisy = [(key("pool", "round trips", name), values) for name, values in legs]

            def make(rows: Columns) -> Any:
                account = rows["account"]
                made = sum(values[account] * _jitter(leg, rows["id"]) for leg, values in noisy)
                return self._pa.array(made, mask=hidden[account])

            return make

        network = ("network", a.tcp_rtt_ms)
        beyond = ("beyond", a.tls_rtt_ms - a.tcp_rtt_ms)

        return {
            "ip_hash": identified(opaque_ids(ip, a.ip), opaque_ids(ip, a.away_ip)),
            "ip24_hash": identified(opaque_ids(ip24, a.ip >> 8), opaque_ids(ip24, a.away_ip >> 8)),
            "asn": placed(a.asn.astype(np.int32), a.away_asn.astype(np.int32)),
            "asn_type": named(a.asn_type, a.away_asn_type, pools.ASN_TYPES),
            "geo_country": named(a.country, a.country, pools.COUNTRIES),
            "tcp_rtt_ms": round_trip(network),
            "tls_rtt_ms": round_trip(network, beyond),
        }


def _by_account(values: Array) -> Column:
    return lambda rows: values[rows["account"]]


def _jitter(key: int, ids: Array) -> NDArray[np.float32]:
    """Factors of a leg of round trips, one for each exchange, in [1, 1 + _RTT_JITTER)."""
    return 1 + _RTT_JITTER * uniforms(mixed(key, ids)).astype(np.float32)


def observed_clusters(key: int, templates: int, rows: Columns) -> Array:
    """Numbers that an online clustering gives prompts: mostly their template's, but it errs.

    A share `_SPLIT` of contents goes to one of three splinters of its template, `_MIXED` to the
    cluster of some other one.
    """
    content = mixed(key, rows["content"])
    u = uniforms(content)
    template = rows["template"].astype(np.int64)
    other = (content % np.uint64(templates)).astype(np.int64)
    splinter = template + templates * (1 + (content % np.uint64(3)).astype(np.int64))
    return np.where(u < _MIXED, other, np.where(u < _MIXED + _SPLIT, splinter, template))


def prompt_vectors(population: Population, rows: Columns) -> NDArray[np.float32]:
    """The vectors whose hashes the log shows, shape (rows, DIMENSIONS)."""
    actor = rows["actor"]
    keys = np.array(
        [reword_key(population.streams, s.actor.id) for s in population.contexts], np.uint64
    )
    sigma = np.array([context.actor.paraphrase_sigma for context in population.contexts])
    rewording = reworded(keys[actor], rows["kind"], task_of(rows["serial"]))
    template, topic = rows["template"].astype(np.int64), rows["topic"].astype(np.int64)
    return population.universe.vectors(template, topic, rows["content"], rewording, sigma[actor])


def _of(name: str) -> Column:
    return lambda rows: rows[name]


def _seconds(us: Array) -> NDArray[np.float32]:
    return (us * 1e-6).astype(np.float32)
