"""The resolved scenario as YAML, with units."""

from __future__ import annotations

import json
from typing import Any

from sim.distributions import SHAPES
from sim.documents.quantities import format_duration
from sim.documents.strict_yaml import core_value
from sim.scenario.resolved import Actor, Event, Scenario, World, fields_of, fields_of_event

_YAML_1_1_WORDS = {"y", "n", "yes", "no", "on", "off"}
_NOTES = {
    "separability": "share of organisations with dials of their own",
    "models": "share of accounts by model",
    "agents": "share of accounts by scaffold",
    "strength": "0 flat, 1 idle at the trough",
    "weekend": "x weekday activity",
    "account_volume_sigma": "standard deviation of ln(volume)",
    "templates": "shared by the accounts",
    "long_context_share": "of accounts, for the longest window of their model",
    "library_tilt": "weights on features of recorded sessions",
    "tool_steps": "calls after the first of a turn with tools",
    "exchanges_per_account_day": "median over accounts",
    "turns_per_session": "user turns",
    "items": "worked on in each run",
    "step_limit": "calls per attempt",
    "target_exchanges": "answered exchanges (C2)",
    "workers": "in work at once",
    "part_rows": "exchanges in a part, about",
}
_LEFT_OUT = {
    "organisations": "each account has its own",
    "templates": "each account has its own",
    "step_limit": "the limit of the measurement",
    "library": "as each agent has it",
    "workers": "as many as the target needs",
    "starts_us": "in progress when the log opens",
    "lasts_us": "to the end of the log",
}
_LEFT_OUT_OF_EVENT = {"until_us": "to the end of the log", "model": "all models"}


def dump_resolved(scenario: Scenario) -> str:
    """Return YAML of the resolved form with units as comments.

    The values are those of `Scenario.to_dict` without fields that do not count for an actor or an
    event; `Scenario.from_dict` makes an equal scenario of them. What is left out is said in a
    comment.

    Returns
    -------
    str
        YAML of the strict kind, in the order of the fields, with a line feed at its end. Times end
        in `_us` and are microseconds, with a readable form beside them.
    """
    lines: list[str] = []
    for key, value in scenario.to_dict().items():
        if key == "actors":
            lines.append("actors:")
            for actor, fields in zip(scenario.actors, value, strict=True):
                lines.extend(_actor_lines(actor, fields))
        elif key == "world":
            lines.extend(_world_lines(scenario.world, value))
        else:
            lines.extend(_lines(key, value, ""))
    return "\n".join(lines) + "\n"


def _world_lines(world: World, values: dict[str, Any]) -> list[str]:
    """Return the lines of the provider, its timeline last."""
    lines = _lines("world", {key: item for key, item in values.items() if key != "events"}, "")
    if not world.events:
        return [*lines, "  events: []"]
    lines.append("  events:")
    for event, fields in zip(world.events, values["events"], strict=True):
        lines.extend(_event_lines(event, fields))
    return lines


def _event_lines(event: Event, values: dict[str, Any]) -> list[str]:
    """Return the lines of an event as an item of a list; only fields that count for its kind."""
    lines: list[str] = []
    for key in fields_of_event(event.kind):
        if key in values:
            lines.extend(_lines(key, values[key], "      "))
        else:
            lines.append(f"      # {key}: {_LEFT_OUT_OF_EVENT[key]}")
    return _item(lines, "    ")


def _actor_lines(actor: Actor, values: dict[str, Any]) -> list[str]:
    """Return the lines of an actor as an item of a list; only fields that count for it.

    Parameters
    ----------
    actor
        Its arrival says which clock its peak hour follows.
    values
        Its fields, those that are None left out.
    """
    lines: list[str] = []
    where = "local time of each account" if actor.arrival == "sessions" else "UTC"
    for key in fields_of(actor.arrival, actor.source):
        if key in values:
            lines += [
                f"{line}  # hour, {where}" if "peak_hour:" in line else line
                for line in _lines(key, values[key], "    ")
            ]
        elif key in _LEFT_OUT:
            lines.append(f"    # {key}: {_LEFT_OUT[key]}")
    return _item(lines, "  ")


def _item(lines: list[str], indent: str) -> list[str]:
    """Make the lines of a mapping an item of a list."""
    return [f"{indent}- {lines[0].lstrip()}", *lines[1:]]


def _lines(key: str, value: Any, indent: str) -> list[str]:
    """Return the lines of a key with its value, and what the value means as a comment.

    Mappings go over several lines, but distributions and lists stand in one.
    """
    note = format_duration(value) if key.endswith("_us") else _NOTES.get(key)
    comment = f"  # {note}" if note else ""
    if isinstance(value, dict) and value and not _is_distribution(value):
        inner = [line for name, item in value.items() for line in _lines(name, item, f"{indent}  ")]
        return [f"{indent}{_flow(key)}:{comment}", *inner]
    return [f"{indent}{_flow(key)}: {_flow(value)}{comment}"]


def _is_distribution(value: dict[str, Any]) -> bool:
    return not set(SHAPES).isdisjoint(value)


def _flow(value: Any) -> str:
    """Write a value in one line that the strict reader understands as the same value."""
    if isinstance(value, dict):
        if set(value) == {"constant"}:
            return _flow(value["constant"])
        return "{" + ", ".join(f"{_flow(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str) and _is_plain(value):
        return value
    # what YAML forbids in double quotes or reads as a line break, and what moves a cursor
    text = json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text)


def _is_plain(text: str) -> bool:
    """Tell whether a text may stand without quotes and is read as itself, by YAML 1.1 too."""
    word = text.replace("-", "").replace(".", "").replace("_", "")
    is_word = word.isascii() and word.isalnum() and text[0].isalpha()
    return is_word and core_value(text) == text and text.lower() not in _YAML_1_1_WORDS
