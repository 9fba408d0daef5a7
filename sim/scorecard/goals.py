"""Which statistics count for which class of workload, and how near a run should come.

Thresholds are those of the scorecard that this project set itself; docs/realism.md has them with
what real data differ by from each other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["ratio", "difference", "distance", "range"]
Workload: TypeAlias = Literal["coding", "chat", "api", "benchmark"]
Form: TypeAlias = Literal["sessions", "stream", "clients"]
WORKLOADS: tuple[Workload, ...] = ("coding", "chat", "api", "benchmark")


@dataclass(frozen=True)
class Goal:
    """A statistic, and how near to the trace a run should come.

    Attributes
    ----------
    id, words
        Its name in data, and in tables.
    kind
        How far two values are from each other: `ratio` |ln(run / real)|, `difference` |run - real|,
        `distance` the value itself, which is measured between two samples (a KS distance, an AUC);
        `range` asks for a value from `least` to `at_most`, whatever the trace.
    at_most
        The largest distance that passes.
    excellent
        The largest that is excellent; None where nothing is said of it.
    least
        Of a `range`.
    """

    id: str
    words: str
    kind: Kind
    at_most: float
    excellent: float | None = None
    least: float = 0.0

    def distance(self, value: float, real: float) -> float:
        """Return how far a value is from the real one; not a number if one of them is unknown."""
        if self.kind in ("distance", "range"):
            return value
        if not math.isfinite(value) or not math.isfinite(real):
            return float("nan")
        if self.kind == "difference":
            return abs(value - real)
        return abs(math.log((abs(value) + 1e-3) / (abs(real) + 1e-3)))

    def passes(self, distance: float) -> bool:
        """Tell whether a distance reaches the goal; what is unknown does not."""
        return self.least <= distance <= self.at_most


def _ratios(at_most: float, **words: str) -> list[Goal]:
    return [Goal(id_, text, "ratio", at_most) for id_, text in words.items()]


def _differences(at_most: float, **words: str) -> list[Goal]:
    return [Goal(id_, text, "difference", at_most) for id_, text in words.items()]


def _distances(at_most: float, **words: str) -> list[Goal]:
    return [Goal(id_, text, "distance", at_most) for id_, text in words.items()]


FAILURES = Goal("failed_share", "share of attempts that fail", "range", 0.08, least=0.01)
_KS_TOKENS = _distances(
    0.12,
    input_ks="input, KS distance of log tokens",
    output_ks="output, KS distance of log tokens",
)
_TOKENS = [
    *_ratios(
        0.35,
        input_p50="input, p50",
        input_p90="input, p90",
        input_p99="input, p99",
        output_p50="output, p50",
        output_p90="output, p90",
        output_p99="output, p99",
        input_sd_log="input, sd of log",
        output_sd_log="output, sd of log",
    ),
    *_KS_TOKENS,
    *_differences(0.12, rank_correlation="rank correlation of input and output"),
]


def _coding() -> list[Goal]:
    return [
        *_ratios(0.15, calls_mean="calls per session, mean"),
        *_ratios(0.25, calls_p50="calls per session, p50", calls_p90="calls per session, p90"),
        *_ratios(0.40, calls_p99="calls per session, p99"),
        *_differences(0.05, single_share="share of sessions of one call"),
        *_ratios(0.35, span_p50="length of a session in time, p50"),
        *_ratios(0.20, gap_p50="gap within a session, p50"),
        *_ratios(0.25, gap_p90="gap within a session, p90"),
        *_ratios(0.50, gap_p99="gap within a session, p99"),
        *_ratios(0.12, gap_sd_log="gap within a session, sd of log"),
        *_ratios(0.25, gap_cv="CV of the gaps of a session, median"),
        *_distances(0.12, gap_ks="gap within a session, KS distance of log"),
        *_differences(0.05, prefix_share="share of input that the call before had"),
        *_ratios(
            0.30,
            turn_calls_mean="calls per user turn, mean",
            turn_calls_p50="calls per user turn, p50",
            turn_calls_p90="calls per user turn, p90",
            human_gap_p50="gap before a user turn, p50",
            human_gap_p90="gap before a user turn, p90",
            tool_gap_p50="gap before a tool result, p50",
            tool_gap_p90="gap before a tool result, p90",
        ),
        *_TOKENS,
        *_ratios(0.35, growth_p50="growth of input, p50", growth_p90="growth of input, p90"),
        *_ratios(0.35, growth_p99="growth of input, p99"),
        *_distances(0.12, growth_ks="growth of input, KS distance of log"),
        *_differences(0.05, dropped_share="share of calls that grow by less than the answer"),
        *_ratios(
            0.35,
            first_input_p50="input of the first call, p50",
            largest_input_p50="largest input of a session, p50",
            largest_input_p90="largest input of a session, p90",
        ),
        *_differences(
            0.12,
            output_session_share="share of variance between sessions, output",
            gap_session_share="share of variance between sessions, gap",
            growth_session_share="share of variance between sessions, growth",
            output_lag1="correlation with the call before, output",
            gap_lag1="correlation with the call before, gap",
            growth_lag1="correlation with the call before, growth",
        ),
        FAILURES,
        Goal("g1_windows", "classifier on windows of 16 calls, AUC", "distance", 0.70, 0.62),
        Goal("g2_sessions", "classifier on sessions, AUC", "distance", 0.75, 0.65),
    ]


def _benchmark() -> list[Goal]:
    """Return the goals of benchmark runs.

    How many calls a task takes and how fast they are answered follows from the model, and those of
    a trace are not those of a run: of these the spread counts, not the level.
    """
    chosen = {
        "gap_sd_log", "gap_cv", "gap_lag1", "input_p50", "input_p90", "output_p50", "output_p90",
        "output_sd_log", "rank_correlation", "growth_p50", "failed_share",
    }  # fmt: skip
    return [
        *_ratios(
            0.25,
            calls_sd_log="calls per task, sd of log",
            gap_reach="gap within a task, p90 over p50",
        ),
        *(goal for goal in _coding() if goal.id in chosen),
        *_differences(0.15, item_share="share of variance between items, log calls"),
    ]


def _stream() -> list[Goal]:
    return [
        *_ratios(
            0.20,
            gap_cv="CV of gaps",
            gap_p10="gap over the mean gap, p10",
            gap_p50="gap over the mean gap, p50",
            gap_p90="gap over the mean gap, p90",
        ),
        *_ratios(0.50, gap_p99="gap over the mean gap, p99"),
        *_differences(0.20, gap_memory="correlation of neighbouring gaps"),
        *_ratios(
            0.40,
            rate_cv_1s="rate-CV at 1 s",
            rate_cv_10s="rate-CV at 10 s",
            rate_cv_60s="rate-CV at 60 s",
            local_rate_cv_1s="local rate-CV at 1 s",
            local_rate_cv_10s="local rate-CV at 10 s",
        ),
        *_differences(
            0.20,
            minutes_lag1="autocorrelation of minute counts, lag 1",
            minutes_lag5="autocorrelation of minute counts, lag 5",
        ),
        *_ratios(0.25, minutes_p99="minute counts, p99 over mean"),
        *_differences(0.10, empty_minutes="share of empty minutes"),
        *_differences(0.10, hurst="Hurst exponent"),
        *_distances(0.12, gap_ks="gap over the mean gap, KS distance of log"),
        *_TOKENS,
        *_differences(
            0.12,
            input_atoms="share of the ten most frequent lengths, input",
            output_atoms="share of the ten most frequent lengths, output",
        ),
        FAILURES,
        Goal("gaps_auc", "classifier on windows of 16 gaps, AUC", "distance", 0.60),
        Goal("g1_windows", "classifier on windows of 16 calls, AUC", "distance", 0.75, 0.62),
    ]


def _clients() -> list[Goal]:
    return [
        *_differences(0.12, top_1_share="share of the top 1 % of clients"),
        *_differences(0.08, top_10_share="share of the top 10 % of clients", gini="Gini"),
        *_differences(0.06, clients_for_90="share of clients that send 90 %"),
        *_ratios(0.20, zipf_slope="Zipf slope of the larger half"),
        *_ratios(0.25, volume_sd_log="volume of a client, sd of log"),
        *_ratios(0.25, client_gap_cv="gap CV of a client, median"),
        *_differences(0.08, bursty_share="share of requests in windows with gap CV above 1"),
        *_ratios(0.25, window_cv_sd_log="gap CV of a window, sd of log"),
        *_differences(0.20, rate_lag1="autocorrelation of the rate at 600 s, median"),
        *_differences(
            0.10,
            idle_share="share of idle windows of active clients",
            diurnal_share="share of active clients with a daily rhythm",
            night_share="share of these that peak from 20 to 6",
        ),
        *_distances(0.02, hours_js="hours of the day, Jensen-Shannon distance in bits"),
        *_ratios(0.40, day_cv="CV of a client's daily volume, median"),
        *_differences(0.12, week_rank_correlation="rank correlation of volumes, week to week"),
        *_ratios(0.40, rate_cv_600s="rate-CV of all clients at 600 s"),
        *_ratios(
            0.35,
            client_input_p50="a client's median input, p50",
            client_output_p50="a client's median output, p50",
            client_input_sd_log="a client's median input, sd of log",
            client_output_sd_log="a client's median output, sd of log",
            own_input_reach="a client's own input, p90 over p50",
            own_output_reach="a client's own output, p90 over p50",
        ),
        FAILURES,
    ]


def goals(workload: Workload, form: Form) -> tuple[Goal, ...]:
    """Return the goals for a class of workload, as far as a form of trace can tell.

    Parameters
    ----------
    workload
        What the calls are for.
    form
        `sessions`, `stream` for calls without sessions, or `clients` for windows of clients.
    """
    if form == "clients":
        return tuple(_clients())
    if form == "stream":
        return tuple(_stream())
    return tuple(_benchmark() if workload == "benchmark" else _coding())
