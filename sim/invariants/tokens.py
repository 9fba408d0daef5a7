"""INV-4: tokens and cost of an exchange."""

from __future__ import annotations

import numpy as np

from sim.arrays.columns import Columns
from sim.arrays.types import Ints
from sim.invariants.check import Check
from sim.invariants.exchange_reader import ERRORS, ROLES, TIERS
from sim.invariants.run_index import RunIndex
from sim.invariants.verdict import Rule, first_breach
from sim.scaffold.turns import SERVER_STEPS_PER_EXCHANGE
from sim.tables.words import FINISH_REASONS, MAX_TOKENS, PAUSE_TURN, REFUSAL, REFUSAL_CATEGORIES
from sim.world.attempts import CLIENT_TIMEOUT, ERROR_TYPES, OK, RATE_LIMIT

BATCH_PRICE = 0.5
INPUT = ("uncached", "read", "write_5m", "write_1h")


class Tokens(Check):
    """Tokens add up, cost what they cost, and keep within the model's and the request's limits."""

    id, name = "INV-4", "tokens and cost"

    def __init__(self, index: RunIndex) -> None:
        super().__init__(index)
        if not index.full:
            self.note = "the core profile has no max_tokens, reasoning, server tools and refusals"
            if index.sells_batches:
                self.note += ", and no service_tier: all may cost as much as a batch"

    def see(self, rows: Columns) -> None:
        rules = [*self._sums(rows), *self._outcome(rows), self._cost(rows)]
        if self.index.full:
            rules += [self._longest(rows), *self._answers(rows)]
        self.breach = first_breach(rows, self.index.files, rules)

    def _sums(self, rows: Columns) -> list[Rule]:
        amounts = [rows[name] for name in INPUT]
        total = np.sum(amounts, axis=0)
        counts = [*amounts, rows["output"], rows["tools"]]
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
        status, output, finish = rows["status"], rows["output"], rows["finish"]
        answered = status == OK
        error = np.full(len(status), -2)
        error[answered] = -1
        for number, code in enumerate(ERROR_TYPES):
            error[status == code] = number
        nothing = (rows["total"] == 0) & (output == 0) & (rows["tools"] == 0) & (finish < 0)
        if self.index.full:
            nothing &= np.isnan(rows["ttft"])
            nothing &= (rows["reasoning"] == 0) & (rows["server"] == 0)
        # a pre-warming call asks for no output and gets none
        prewarm = (finish == MAX_TOKENS) & (rows["role"] == ROLES.index("user"))
        prewarm &= rows["tools"] == 0
        if self.index.full:
            prewarm &= rows["max_tokens"] == 0
        something = (rows["total"] > 0) & ((output > 0) | prewarm) & (finish >= 0)
        return [
            Rule(
                rows["error"] != error,
                lambda i: f"error_type {_word(ERRORS, rows['error'][i])} of status {status[i]}",
                lambda i: _word(ERRORS, error[i]) if error[i] > -2 else "another status",
            ),
            Rule(
                ~answered & ~nothing,
                lambda i: (
                    f"status {status[i]} with {rows['total'][i]} tokens of input, "
                    f"{output[i]} of output, finish_reason {_word(FINISH_REASONS, finish[i])}"
                ),
                lambda _: "no tokens, no tool calls and no finish_reason in a failed attempt",
            ),
            Rule(
                answered & ~something,
                lambda i: (
                    f"status {status[i]} with {rows['total'][i]} tokens of input, "
                    f"{output[i]} of output, finish_reason {_word(FINISH_REASONS, finish[i])}"
                ),
                lambda _: "at least one token of each, if not pre-warming, and a finish_reason",
            ),
        ]

    def _cost(self, rows: Columns) -> Rule:
        known = np.maximum(rows["model"], 0)
        nano = self.index.models.cost_nano_usd(
            known,
            rows["uncached"],
            rows["read"],
            rows["write_5m"],
            rows["write_1h"],
            rows["output"],
        )
        halved = np.rint(nano * BATCH_PRICE).astype(np.int64)
        if self.index.full:
            nano = np.where(rows["batch"], halved, nano)
        exact = (self._priced(rows, nano) * 1e-9).astype(np.float32)
        wrong = rows["cost"] != exact
        if not self.index.full and self.index.sells_batches:
            wrong &= rows["cost"] != (self._priced(rows, halved) * 1e-9).astype(np.float32)
        return Rule(
            wrong | (rows["model"] < 0),
            lambda i: f"cost_usd {rows['cost'][i]}",
            lambda i: (
                f"{exact[i]}, price times tokens"
                if rows["model"][i] >= 0
                else "a model of the catalog"
            ),
        )

    def _priced(self, rows: Columns, nano_usd: Ints) -> Ints:
        """Costs under the price changes of the timeline, each rounded to 1e-9 USD."""
        ids = self.index.model_ids
        for event in self.index.scenario.world.events:
            if event.kind != "price":
                continue
            since, until = rows["start"] - self.index.opens_us, event.until_us
            within = since >= event.at_us
            if until is not None:
                within &= since < until
            if event.model is not None:
                within &= rows["model"] == ids.index(event.model)
            changed = np.rint(nano_usd * event.factor).astype(np.int64)
            nano_usd = np.where(within, changed, nano_usd)
        return nano_usd

    def _longest(self, rows: Columns) -> Rule:
        output, most = rows["output"], rows["max_tokens"] * rows["choices"]
        short = (rows["finish"] == MAX_TOKENS) & (output < most)
        return Rule(
            (output > most) | short,
            lambda i: f"output_tokens {output[i]}",
            lambda i: (
                f"{most[i]}, max_tokens of each choice, which ended it"
                if short[i]
                else f"at most {most[i]}, max_tokens of each choice"
            ),
        )

    def _answers(self, rows: Columns) -> list[Rule]:
        """What an answer is said to hold fits how it ended, and what was asked."""
        status, finish, thought = rows["status"], rows["finish"], rows["reasoning"]
        most = np.where(rows["thinks"], rows["output"], 0)
        server, refused = rows["server"], finish == REFUSAL
        steps = SERVER_STEPS_PER_EXCHANGE
        return [
            Rule(
                thought > most,
                lambda i: f"reasoning_tokens {thought[i]}",
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
                (rows["category"] >= 0) != refused,
                lambda i: (
                    f"refusal_category {_word(REFUSAL_CATEGORIES, rows['category'][i])}, "
                    f"finish_reason {_word(FINISH_REASONS, finish[i])}"
                ),
                lambda _: "a category in refusals, and in nothing else",
            ),
            Rule(
                (rows["tier"] < 0)
                | (rows["batch"] & ((status == RATE_LIMIT) | (status == CLIENT_TIMEOUT))),
                lambda i: f"service_tier {_word(TIERS, rows['tier'][i])} of status {status[i]}",
                lambda _: "a known tier; a batch is not limited and does not time out",
            ),
        ]


def _word(words: tuple[str, ...], code: int) -> str:
    return words[code] if code >= 0 else "none"
