"""Turn the rows of a window into the tables of the log and of the truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.catalog import agents
from sim.engine.cast import Cast
from sim.entities import pools
from sim.scaffold.fill import FINISH_REASONS
from sim.scaffold.rows import TASK_STATES, position_of, task_of
from sim.streams import opaque_ids
from sim.tables.columns import Columns
from sim.tables.schema import TRUTH_EXCHANGES, TRUTH_TASKS, arrow_schema, exchange_columns

Array = NDArray[Any]
Column = Callable[[Columns], Any]

_ROLES = ("tool", "user")


class Renderer:
    """Renders the windows of one cast; what an account always sends is looked up, not stored."""

    def __init__(self, cast: Cast) -> None:
        import pyarrow as pa

        self._pa = pa
        self._cast = cast
        self._opening_us = round(cast.scenario.clock.start.timestamp() * 1_000_000)
        columns = exchange_columns(cast.scenario.tables.columns)
        self._log_schema = arrow_schema(columns)
        makers = self._measured() | self.account_columns()
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

    def log(self, rows: Columns) -> Any:
        """Exchange log, one row per HTTP attempt."""
        return self._pa.table([make(rows) for make in self._makers], schema=self._log_schema)

    def truth(self, rows: Columns) -> Any:
        """Truth of the same exchanges, in the same order."""
        actor = rows["actor"]
        columns = [
            rows["id"],
            opaque_ids(self._task_keys[actor], task_of(rows["serial"])),
            self._words(actor, self._actor_ids),
            self._words(self._typology[actor], self._typologies),
            self._extracts[actor],
            position_of(rows["serial"]) == 0,
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
            tasks["logged"].astype(np.int32),
            self._pa.array(tasks["item"], mask=tasks["item"] < 0),
            tasks["round"].astype(np.int32),
            self._words(tasks["state"], TASK_STATES),
        ]
        return self._pa.table(columns, schema=self._task_schema)

    def _times(self, relative_us: Array) -> Any:
        stamps = (relative_us + self._opening_us).view("datetime64[us]")
        return self._pa.array(stamps, self._pa.timestamp("us", tz="UTC"))

    def _words(self, codes: Array, words: Sequence[str]) -> Any:
        pa = self._pa
        return pa.DictionaryArray.from_arrays(
            pa.array(codes.astype(np.int32)), pa.array(list(words), pa.string())
        )

    def _measured(self) -> dict[str, Column]:
        """Columns that differ from exchange to exchange."""
        models = self._cast.models
        conversation = self._cast.actor_key("conversation")

        def of(name: str) -> Column:
            return lambda rows: rows[name]

        def model(rows: Columns) -> Any:
            return self._words(rows["model"], models.ids)

        def conversation_id(rows: Columns) -> Any:
            ids = opaque_ids(conversation[rows["actor"]], rows["session"])
            silent = ~self._cast.accounts.sends_conversation[rows["account"]]
            return self._pa.array(ids, mask=silent)

        def cost(rows: Columns) -> Any:
            nano = models.cost_nano_usd(
                rows["model"], rows["uncached"], rows["read"], rows["write_5m"], rows["output"]
            )
            return (nano * 1e-9).astype(np.float32)

        return {
            "exchange_id": of("id"),
            "ts_start": lambda rows: self._times(rows["ts"]),
            "ts_end": lambda rows: self._times(rows["ts"] + rows["duration"]),
            "ttft_s": lambda rows: _seconds(rows["ttft"]),
            "duration_s": lambda rows: _seconds(rows["duration"]),
            "conversation_id": conversation_id,
            "model_requested": model,
            "model_served": model,
            "n_messages": of("n_messages"),
            "n_tool_results_in": of("n_results"),
            "last_role_in": lambda rows: self._words(position_of(rows["serial"]) == 0, _ROLES),
            "n_tool_calls_out": of("n_calls"),
            "prompt_simhash64": of("prompt"),
            "input_tokens_uncached": of("uncached"),
            "cache_read_tokens": of("read"),
            "cache_write_5m_tokens": of("write_5m"),
            "input_tokens_total": lambda rows: rows["uncached"] + rows["read"] + rows["write_5m"],
            "output_tokens": of("output"),
            "finish_reason": lambda rows: self._words(rows["finish"], FINISH_REASONS),
            "http_status": lambda rows: np.full(len(rows["ts"]), 200, np.int16),
            "cost_usd": cost,
        }

    def account_columns(self) -> dict[str, Column]:
        """Columns that an account, its client or its agent always sends alike."""
        cast, accounts, clients = self._cast, self._cast.accounts, self._cast.clients
        streams = cast.streams
        agent = [agents()[a] for a in cast.agent_ids]
        tools = np.array([a.n_tool_defs for a in agent], np.int16)[cast.agent_of_account]
        limits = np.array([a.max_tokens for a in agent], np.int32)[cast.agent_of_account]
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
            "stream": plain(accounts.streams_answers),
            "temperature": temperature,
            "max_tokens": plain(limits),
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


def _seconds(us: Array) -> NDArray[np.float32]:
    return (us * 1e-6).astype(np.float32)
