"""Turn the rows of a window into the tables of the log and of the truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.catalog import agents
from sim.engine.cast import Cast
from sim.entities import pools
from sim.scaffold.fill import FINISH_REASONS, REFUSAL, REFUSAL_CATEGORIES
from sim.scaffold.rows import TASK_STATES, task_of
from sim.streams import opaque_ids
from sim.tables.columns import Columns
from sim.tables.schema import TRUTH_EXCHANGES, TRUTH_TASKS, arrow_schema, exchange_columns
from sim.world.attempts import ERROR_TYPES, RETRIES

Array = NDArray[Any]
Column = Callable[[Columns], Any]

LATEST = "latest"
_BATCH_PRICE = 0.5
_ROLES = ("tool", "user")
_INPUT = ("uncached", "read", "write_5m", "write_1h")
_ERROR_CODE = np.full(600, -1)
_ERROR_CODE[list(ERROR_TYPES)] = np.arange(len(ERROR_TYPES))


class Renderer:
    """Renders the windows of one cast; what an account always sends is looked up, not stored."""

    def __init__(self, cast: Cast) -> None:
        import pyarrow as pa

        self._pa = pa
        self._cast = cast
        self._opening_us = round(cast.scenario.clock.start.timestamp() * 1_000_000)
        columns = exchange_columns(cast.scenario.tables.columns)
        self._log_schema = arrow_schema(columns)
        makers = self._measured() | self._answers() | self.account_columns()
        self._makers = [makers[name] for name in columns]
        self._truth_schema = arrow_schema(TRUTH_EXCHANGES)
        self._task_schema = arrow_schema(TRUTH_TASKS)
        typologies = [t.id for t in cast.typology_of_actor()]
        # each word once: a dictionary with repeated words makes Parquet's bytes vary
        self._typologies = sorted(set(typologies))
        self._typology = np.array([self._typologies.index(t) for t in typologies])
        self._extracts = np.array([t.is_extraction for t in cast.typology_of_actor()])
        self._actor_ids = [s.actor.id for s in cast.stages]
        self._task_keys = cast.actor_key("task")
        self._exchange_keys = cast.actor_key("exchange")

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
            self._extracts[actor],
            rows["user"],
            call,
        ]
        return self._pa.table(columns, schema=self._truth_schema)

    def tasks(self, tasks: Columns) -> Any:
        """Truth of the tasks that have an exchange in the log."""
        account = tasks["account"]
        actor = self._cast.actor_of_account[account]
        columns = [
            opaque_ids(self._task_keys[actor], tasks["serial"]),
            self._cast.accounts.account_id[account],
            self._words(actor, self._actor_ids),
            self._words(self._typology[actor], self._typologies),
            self._times(tasks["start"]),
            self._times(tasks["end"]),
            tasks["calls"].astype(np.int32),
            tasks["exchanges"].astype(np.int32),
            tasks["logged"].astype(np.int32),
            self._pa.array(tasks["item"], mask=tasks["item"] < 0),
            tasks["round"].astype(np.int32),
            self._words(tasks["state"], TASK_STATES),
        ]
        return self._pa.table(columns, schema=self._task_schema)

    def _priced(self, rows: Columns, nano: Array) -> Array:
        """List price under the price changes of the timeline, each rounded to 1e-9 USD."""
        for event in self._cast.scenario.world.events:
            if event.kind == "price":
                until = np.inf if event.until_us is None else event.until_us
                under = (rows["ts"] >= event.at_us) & (rows["ts"] < until)
                if event.model is not None:
                    under &= rows["model"] == self._cast.models.number(event.model)
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
        models = self._cast.models
        conversation = self._cast.actor_key("conversation")

        def requested(rows: Columns) -> Any:
            latest = self._cast.accounts.asks_latest[rows["account"]]
            codes = np.where(latest, len(models.ids), rows["model"])
            return self._words(codes, [*models.ids, LATEST])

        def conversation_id(rows: Columns) -> Any:
            ids = opaque_ids(conversation[rows["actor"]], rows["session"])
            silent = ~self._cast.accounts.sends_conversation[rows["account"]]
            return self._pa.array(ids, mask=silent)

        def cost(rows: Columns) -> Any:
            nano = models.cost_nano_usd(*(rows[name] for name in ("model", *_INPUT, "output")))
            nano = np.where(rows["batch"], np.rint(nano * _BATCH_PRICE), nano)
            return (self._priced(rows, nano) * 1e-9).astype(np.float32)

        return {
            "exchange_id": _of("id"),
            "ts_start": lambda rows: self._times(rows["ts"]),
            "ts_end": lambda rows: self._times(rows["ts"] + rows["duration"]),
            "duration_s": lambda rows: _seconds(rows["duration"]),
            "conversation_id": conversation_id,
            "model_requested": requested,
            "model_served": lambda rows: self._words(rows["model"], models.ids),
            "n_messages": _of("n_messages"),
            "n_tool_results_in": _of("n_results"),
            "last_role_in": lambda rows: self._words(rows["user"], _ROLES),
            "choice_count": _of("choices"),
            "service_tier": lambda rows: self._words(rows["batch"], ("standard", "batch")),
            "prompt_simhash64": _of("prompt"),
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
        limits = np.array([agents()[a].max_tokens for a in self._cast.agent_ids], np.int32)
        limit_of_account = limits[self._cast.agent_of_account]

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
            return self._words(rows["category"], REFUSAL_CATEGORIES, missing)

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

    def account_columns(self) -> dict[str, Column]:
        """Columns that an account, its client or its agent always sends alike."""
        cast, accounts, clients = self._cast, self._cast.accounts, self._cast.clients
        streams = cast.streams
        agent = [agents()[a] for a in cast.agent_ids]
        tools = np.array([a.n_tool_defs for a in agent], np.int16)[cast.agent_of_account]
        toolset = [streams.key("pool", "toolset", a) for a in cast.agent_ids]
        toolsets = np.array(toolset, np.uint64)[cast.agent_of_account]
        templates = opaque_ids(streams.key("pool", "templates"), accounts.template)
        language = pools.COUNTRY_LANGUAGE[accounts.country]

        def plain(values: Array) -> Column:
            return lambda rows: values[rows["account"]]

        def word(codes: Array, words: Sequence[str]) -> Column:
            small = codes.astype(np.int32)
            return lambda rows: self._words(small[rows["account"]], words)

        def client(words: tuple[str, ...]) -> Column:
            distinct = sorted(set(words))
            codes = np.array([distinct.index(w) for w in words])
            return word(codes[accounts.client], distinct)

        def temperature(rows: Columns) -> Any:
            values = accounts.temperature[rows["account"]]
            return self._pa.array(values, mask=np.isnan(values))

        made: dict[str, Column] = {
            "org_id": plain(accounts.org_id),
            "api_key_id": plain(accounts.api_key_id),
            "account_id": plain(accounts.account_id),
            "thinking_enabled": plain(accounts.thinks),
            "stream": plain(accounts.streams_answers),
            "temperature": temperature,
            "n_tool_defs": plain(tools),
            "toolset_hash": plain(toolsets),
            "system_prompt_hash": plain(templates),
            "prompt_lang": word(language, pools.LANGUAGES),
            "ip_hash": plain(opaque_ids(streams.key("pool", "ip"), accounts.ip)),
            "ip24_hash": plain(opaque_ids(streams.key("pool", "ip24"), accounts.ip >> 8)),
            "asn": plain(accounts.asn.astype(np.int32)),
            "asn_type": word(accounts.asn_type, pools.ASN_TYPES),
            "geo_country": word(accounts.country, pools.COUNTRIES),
        }
        names = ("ja4", "user_agent", "sdk_lang", "sdk_version", "os", "arch", "runtime")
        return made | {name: client(getattr(clients, name)) for name in names}


def _of(name: str) -> Column:
    return lambda rows: rows[name]


def _seconds(us: Array) -> NDArray[np.float32]:
    return (us * 1e-6).astype(np.float32)
