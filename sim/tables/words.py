"""The words of dictionary columns, and the numbers that stand for them while a run is made.

A number is the index of its word. Whoever writes a column and whoever reads it take both from here.
"""

from __future__ import annotations

from enum import IntEnum

TASK_STATES = ("finished", "given_up", "cut_off", "barred")
FINISHED, GIVEN_UP, CUT_OFF, BARRED = range(len(TASK_STATES))


class PromptSource(IntEnum):
    """What a task works on: a prompt of its own, one of the actor's list, or cover for the list."""

    OWN = 0
    LIST = 1
    COVER = 2


PROMPT_KINDS = tuple(source.name.lower() for source in PromptSource)

ROLES = ("tool", "user", "assistant")
"""Whose the last message of a request is."""
TOOL, USER, ASSISTANT = range(len(ROLES))

FINISH_REASONS = (
    "tool_use",
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
)
TOOL_USE, END_TURN, MAX_TOKENS, STOP_SEQUENCE, PAUSE_TURN, REFUSAL, WINDOW_EXCEEDED = range(
    len(FINISH_REASONS)
)

REFUSAL_CATEGORIES = (
    "cyber",
    "bio",
    "frontier_llm",
    "reasoning_extraction",
    "general_harms",
)

ACTIONS = ("rate_limit", "step_up", "suspend", "ban", "reinstate")
"""What a provider does to an account."""
RATE_LIMIT, STEP_UP, SUSPEND, BAN, REINSTATE = range(len(ACTIONS))

CHANNELS = ("volume", "sharing", "refusals", "random", "report")
"""What made the provider act: one of three rules, an alert out of nothing, or a report."""
VOLUME, SHARING, REFUSALS, RANDOM, REPORT = range(len(CHANNELS))

PAYMENT_EVENTS = ("authorisation", "charge", "decline", "dispute", "refund")
"""What happens to the payments of an account."""
AUTHORISATION, CHARGE, DECLINE, DISPUTE, REFUND = range(len(PAYMENT_EVENTS))
