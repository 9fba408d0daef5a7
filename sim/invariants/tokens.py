"""INV-4: tokens and cost of an exchange."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.arrays.columns import Columns
from sim.arrays.types import Bools, Ints
from sim.invariants.check import Check, Rule, first_breach
from sim.invariants.exchange_reader import ERRORS, TIERS
from sim.invariants.run_index import RunIndex
from sim.scaffold.turns import SERVER_STEPS_PER_EXCHANGE
from sim.tables.words import (
    FINISH_REASONS,
    MAX_TOKENS,
    PAUSE_TURN,
    REFUSAL,
    REFUSAL_CATEGORIES,
    USER,
)
from sim.world.attempts import CLIENT_TIMEOUT, ERROR_TYPES, OK, RATE_LIMIT

BATCH_PRICE = 0.5
INPUT = ("uncached", "read", "write_5m", "write_1h")
# Codes of error types: of an answer, and of a status that is none of those known.
_NO_ERROR, _UNKNOWN_STATUS = -1, -2


class Tokens(Check):
    """Tokens add up, cost what they cost, and keep within the model's and the request's limits.

    Each row is checked by itself, so nothing is carried from part to part. The core profile lacks
    columns; the note says which rules are left out then.
    """

    id, name = "INV-4", "tokens and cost"

    def __init__(self, index: RunIndex) -> None:
        """Say in the note which rules the columns of the run do not allow."""
        super().__init__(index)
        if not index.full:
            self.note = "the core profile has no max_tokens, reasoning, server tools and refusals"
            if index.sells_batches:
                self.note += ", and no service_tier: all may cost as much as a batch"

    def see(self, rows: Columns) -> None:
        """Check the next rows of the log, each by itself."""
        rules = [*self._sums(rows), *self._outcome(rows), self._cost(rows)]
        if self.index.full:
            rules += [self._longest(rows), *self._answers(rows)]
        self.breach = first_breach(rows, self.index.files, rules)

    def _sums(self, rows: Columns) -> list[Rule]:
        """Return the rules on counts: none below 0, the input as the sum of its parts, the window.

        The window of an unknown model is 0, so that a row with input breaks that rule.
        """
        parts = [rows[name] for name in INPUT]
        total = np.sum(parts, axis=0)
        counts = [*parts, rows["output"], rows["tools"]]
        if self.index.full:
            counts += [rows["max_tokens"], rows["reasoning"], rows["server"]]
        least = np.minimum.reduce(counts)
        window = np.append(self.index.models.window_tokens, 0)[rows["model"]]

        return [
            Rule(least < 0, lambda i: f"{least[i]} in a column of counts", lambda _: "0 or more"),
            Rule(
                rows["choices"] < 1,
                lambda i: f"choice_count {rows['choices'][i]}",
                lambda _: "1 or more",
            ),
            Rule(
                rows["total"] != total,
                lambda i: f"input_tokens_total {rows['total'][i]}",
                lambda i: f"{total[i]}, the sum of its four parts",
            ),
            Rule(
                rows["total"] > window,
                lambda i: f"input_tokens_total {rows['total'][i]}",
                lambda i: f"at most {window[i]}, the window of the model",
            ),
        ]

    def _outcome(self, rows: Columns) -> list[Rule]:
        """Return the rules that an answer has tokens and a finish reason, and a failure none.

        The error type has to be that of the status; a status that is not known has none that fits.
        """
        status, finish = rows["status"], rows["finish"]
        answered = status == OK
        expected = np.full(len(status), _UNKNOWN_STATUS)
        expected[answered] = _NO_ERROR
        for number, code in enumerate(ERROR_TYPES):
            expected[status == code] = number
        is_empty, is_whole = self._is_empty(rows), self._is_whole(rows)

        def content(i: int) -> str:
            """Say what the row at `i` holds: status, tokens and finish reason."""
            return (
                f"status {status[i]} with {rows['total'][i]} tokens of input, "
                f"{rows['output'][i]} of output, finish_reason {_word(FINISH_REASONS, finish[i])}"
            )

        return [
            Rule(
                rows["error"] != expected,
                lambda i: f"error_type {_word(ERRORS, rows['error'][i])} of status {status[i]}",
                lambda i: (
                    "another status"
                    if expected[i] == _UNKNOWN_STATUS
                    else _word(ERRORS, expected[i])
                ),
            ),
            Rule(
                ~answered & ~is_empty,
                content,
                lambda _: "no tokens, no tool calls and no finish_reason in a failed attempt",
            ),
            Rule(
                answered & ~is_whole,
                content,
                lambda _: "at least one token of each, if not pre-warming, and a finish_reason",
            ),
        ]

    def _is_empty(self, rows: Columns) -> Bools:
        """Return whether rows have nothing of an answer: no tokens, tool calls or finish reason."""
        is_empty: Bools = (rows["total"] == 0) & (rows["output"] == 0)
        is_empty &= (rows["tools"] == 0) & (rows["finish"] < 0)
        if self.index.full:
            is_empty &= np.isnan(rows["ttft"])
            is_empty &= (rows["reasoning"] == 0) & (rows["server"] == 0)
        return is_empty

    def _is_whole(self, rows: Columns) -> Bools:
        """Return whether rows have input, output and a finish reason.

        A pre-warming call asks for no output and gets none.
        """
        prewarms = (rows["finish"] == MAX_TOKENS) & (rows["role"] == USER)
        prewarms &= rows["tools"] == 0
        if self.index.full:
            prewarms &= rows["max_tokens"] == 0
        has_output = (rows["output"] > 0) | prewarms
        is_whole: Bools = (rows["total"] > 0) & has_output & (rows["finish"] >= 0)
        return is_whole

    def _cost(self, rows: Columns) -> Rule:
        """Return the rule that each request costs its price, half of it in a batch.

        The cost has to be equal to the last bit of its 32-bit number. In the core profile of a
        scenario with batches either price will do.
        """
        model = np.maximum(rows["model"], 0)
        tokens = [rows[name] for name in (*INPUT, "output")]
        nano_usd = self.index.models.cost_nano_usd(model, *tokens)
        in_batch = np.rint(nano_usd * BATCH_PRICE).astype(np.int64)
        if self.index.full:
            nano_usd = np.where(rows["batch"], in_batch, nano_usd)

        exact = self._usd(rows, nano_usd)
        is_wrong = rows["cost"] != exact
        if not self.index.full and self.index.sells_batches:
            is_wrong &= rows["cost"] != self._usd(rows, in_batch)
        return Rule(
            is_wrong | (rows["model"] < 0),
            lambda i: f"cost_usd {rows['cost'][i]}",
            lambda i: (
                f"{exact[i]}, price times tokens"
                if rows["model"][i] >= 0
                else "a model of the catalog"
            ),
        )

    def _usd(self, rows: Columns, nano_usd: Ints) -> NDArray[np.float32]:
        """Return costs in USD as the log has them, under the price changes of the timeline.

        Parameters
        ----------
        rows
            Columns `start` and `model` are used: a change holds from its time on, for one model or
            all.
        nano_usd
            List prices in 1e-9 USD. After each change they are rounded to whole units again, in the
            order of the timeline.
        """
        for event in self.index.scenario.world.events:
            if event.kind != "price":
                continue
            at_us = rows["start"] - self.index.opens_us
            is_within = at_us >= event.at_us
            if event.until_us is not None:
                is_within &= at_us < event.until_us
            if event.model is not None:
                is_within &= rows["model"] == self.index.model_ids.index(event.model)
            changed = np.rint(nano_usd * event.factor).astype(np.int64)
            nano_usd = np.where(is_within, changed, nano_usd)
        return (nano_usd * 1e-9).astype(np.float32)

    def _longest(self, rows: Columns) -> Rule:
        """Return the rule that an answer has at most max_tokens, and all of them if it says so.

        The limit holds for each choice, so an answer of n choices has up to n times as many.
        """
        output, most = rows["output"], rows["max_tokens"] * rows["choices"]
        is_short = (rows["finish"] == MAX_TOKENS) & (output < most)
        return Rule(
            (output > most) | is_short,
            lambda i: f"output_tokens {output[i]}",
            lambda i: (
                f"{most[i]}, max_tokens of each choice, which ended it"
                if is_short[i]
                else f"at most {most[i]}, max_tokens of each choice"
            ),
        )

    def _answers(self, rows: Columns) -> list[Rule]:
        """Return the rules that what an answer holds fits how it ended, and what was asked.

        They are about reasoning, server tools, refusals and the service tier, so they need the full
        profile.
        """
        status, finish, reasoning = rows["status"], rows["finish"], rows["reasoning"]
        most = np.where(rows["thinks"], rows["output"], 0)
        server, steps = rows["server"], SERVER_STEPS_PER_EXCHANGE
        is_limited = (status == RATE_LIMIT) | (status == CLIENT_TIMEOUT)

        return [
            Rule(
                reasoning > most,
                lambda i: f"reasoning_tokens {reasoning[i]}",
                lambda i: (
                    f"at most {most[i]}, output_tokens"
                    if rows["thinks"][i]
                    else "0 without thinking_enabled"
                ),
            ),
            Rule(
                (server > steps) | ((finish == PAUSE_TURN) & (server == 0)),
                lambda i: (
                    f"server_tool_requests {server[i]}, "
                    f"finish_reason {_word(FINISH_REASONS, finish[i])}"
                ),
                lambda _: f"at most {steps}, and at least one before pause_turn",
            ),
            Rule(
                (rows["category"] >= 0) != (finish == REFUSAL),
                lambda i: (
                    f"refusal_category {_word(REFUSAL_CATEGORIES, rows['category'][i])}, "
                    f"finish_reason {_word(FINISH_REASONS, finish[i])}"
                ),
                lambda _: "a category in refusals, and in nothing else",
            ),
            Rule(
                (rows["tier"] < 0) | (rows["batch"] & is_limited),
                lambda i: f"service_tier {_word(TIERS, rows['tier'][i])} of status {status[i]}",
                lambda _: "a known tier; a batch is not limited and does not time out",
            ),
        ]


def _word(words: tuple[str, ...], code: int) -> str:
    """Return the word of a code, "none" for one below 0."""
    return words[code] if code >= 0 else "none"
