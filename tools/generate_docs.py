"""Rewrite the generated blocks of the documentation: `make docs`.

A block stands between `<!-- generated: NAME -->` and `<!-- end -->`; NAME is a key of `BLOCKS`.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tools import export_tables, hypothesis_tables, report_words
from tools.scenario_outcomes import claims_table

DOCS = Path(__file__).parents[1] / "docs"
_BLOCK = re.compile(r"(<!-- generated: ([a-z0-9 /_-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_SHORT_ENUM = 5
_COMMON = 3


def filled(text: str) -> str:
    """Return `text` with every generated block made anew."""
    return _BLOCK.sub(lambda match: f"{match[1]}{BLOCKS[match[2]]()}{match[3]}", text)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: int = 0) -> str:
    """A Markdown table; the last `right` columns are aligned to the right."""
    rule = ["---"] * (len(header) - right) + ["--:"] * right
    lines = ["| " + " | ".join(row) + " |" for row in (header, rule, *rows)]
    return "\n".join(lines) + "\n"


# The command line


def help_of_every_verb() -> str:
    from sim.cli.main import cli

    options: dict[str, Any] = {"resilient_parsing": True, "terminal_width": 100}
    root = cli.make_context("sim", [], **options)
    parts = [f"## sim\n\n```text\n{root.get_help()}\n```\n"]
    for name, command in cli.commands.items():
        inner = command.make_context(name, [], parent=root, **options)
        parts.append(f"## sim {name}\n\n```text\n{inner.get_help()}\n```\n")
    return "\n".join(parts)


def table_of_sections() -> str:
    """The sections of a comparison: their questions and charts."""
    from sim.comparison import SECTIONS

    rows = []
    for id_, section in SECTIONS.items():
        charts = ", ".join(f"`{x.partition(':')[2].replace('_', '-')}`" for x in section.charts)
        rows.append([f"`{id_}`", section.question, charts])
    return table(["section", "question", "charts"], rows)


def judged_statements() -> str:
    """The section `critique`: how many statements hold, and a row for each."""
    from sim.comparison import analyse

    (judged,) = analyse(sections=["critique"], draws=200)["critique"].tables
    rows = [
        [
            _escaped(x["statement"]),
            x["speaker"],
            x["outcome"],
            _escaped(x["why"]),
            f"`{x['command']}`" if x["command"] else "",
        ]
        for x in judged.records()
    ]
    header = ["what is said", "who says it", "what comes out", "why", "how to see it"]
    return f"{judged.finding}.\n\n{table(header, rows)}"


# The scenario format


def _schema() -> dict[str, Any]:
    from sim.scenario import json_schema

    return json_schema()


def keys_of_scenario() -> str:
    return _keys(_schema())


def keys_of(form: str) -> Callable[[], str]:
    return lambda: _keys(_object(_schema()["$defs"][form]))


def keys_of_actors() -> str:
    """Keys of every typology in one table, with the typologies that take them."""
    forms = _forms_by("typology")
    first, *others = _keys_by("typology", forms)
    said = f"Id of the typology: {_ids(sorted(forms, key=_in_order))}."
    typology = ["`typology`", "all", "text, required", said]
    return table(["key", "typology", "type", "meaning"], [first, typology, *others])


def _in_order(typology: str) -> int:
    """Typologies are numbered over all letters: L11, G12, A15."""
    return int(typology[1:])


def keys_of_events() -> str:
    """Keys of every kind of event in one table, with the kinds that take them."""
    forms = _forms_by("kind")
    said = [f"`{k}`: {form['properties']['kind']['description']}" for k, form in forms.items()]
    kind = ["`kind`", "all", "text, required", "<br>".join(said)]
    return table(["key", "kind", "type", "meaning"], [kind, *_keys_by("kind", forms)])


def _keys_by(tag: str, forms: dict[str, Any]) -> list[list[str]]:
    """Key, forms that take it, type and meaning; `tag` itself is left out."""
    takers: dict[tuple[str, ...], list[str]] = {}
    for name, form in forms.items():
        for key, node in form["properties"].items():
            if key != tag:
                kind, meaning = _cells(key, node)
                if key in form.get("required", ()) and "required" not in kind:
                    kind += ", required"
                takers.setdefault((f"`{key}`", kind, meaning), []).append(name)
    return [
        [key, _takers(by, list(forms)), kind, meaning]
        for (key, kind, meaning), by in takers.items()
    ]


def _takers(names: list[str], everyone: list[str]) -> str:
    """Those who take a key, or those who do not where they are few."""
    others = [name for name in everyone if name not in names]
    if not others:
        return "all"
    if len(everyone) > _SHORT_ENUM and len(others) < len(names):
        return "all but " + ", ".join(others)
    return ", ".join(names)


def _forms_by(tag: str) -> dict[str, Any]:
    """The form of each name by which the items of a list say what they are."""
    found = {
        name: node
        for _, node in sorted(_schema()["$defs"].items())
        for name in _names(node.get("properties", {}).get(tag, {}))
    }
    order = _in_order if tag == "typology" else None
    return {name: found[name] for name in sorted(found, key=order)}


def _names(node: dict[str, Any]) -> list[str]:
    """The words that a key may hold."""
    return [node["const"]] if "const" in node else list(node.get("enum", ()))


def defaults_of(entry: str) -> Callable[[], str]:
    """What the catalog says of the provider, of enforcement or of operators."""
    return lambda: _values_of_world(entry)


def _values_of_world(entry: str) -> str:
    """Units stand at the end of the names."""
    from sim import catalog

    rows = [
        [f"`{cell.key}`", _value(cell.value), cell.status, _escaped(cell.note or "")]
        for cell in catalog.cited("world", entry)
    ]
    return table(["value", "", "status", "note"], rows)


def dials_of_labels() -> str:
    """Every dial of the label process, by channel."""
    from sim import catalog

    rows = [
        [f"`{channel}.{cell.key}`", _value(cell.value), cell.status, _escaped(cell.note)]
        for channel in catalog.labelling()
        for cell in catalog.cited("label", channel)
    ]
    return table(["dial", "", "status", "note"], rows)


def parameters_of_world() -> str:
    """Every parameter of the world with what is known of its default."""
    from sim import catalog

    rows = [
        [
            f"`{item.key}`",
            item.unit,
            str(item.default),
            "; ".join(filter(None, (", ".join(item.statuses), item.note))),
            ", ".join(item.sources),
            item.acts_on,
        ]
        for item in catalog.parameters()
    ]
    return table(["key", "unit", "default", "status", "source", "acts on"], rows)


def limits_of_tiers() -> str:
    """Requests, input and output tokens per minute by tier, class of model and time."""
    from sim import catalog

    rows = [
        [
            tier,
            model_class,
            str(limit.since),
            f"{limit.requests_per_min:,}",
            f"{limit.input_tokens_per_min:,}",
            f"{limit.output_tokens_per_min:,}",
        ]
        for tier, classes in catalog.tiers().items()
        for model_class, over_time in classes.items()
        for limit in over_time
    ]
    header = ["tier", "class of model", "since", "requests", "input tokens", "output tokens"]
    return table(header, rows, right=3)


def defaults_of_typologies() -> str:
    """What each key of an actor is where a scenario leaves it out: a row a key."""
    forms = _forms_by("typology")
    cells: dict[str, dict[str, str]] = {}
    for typology, form in forms.items():
        for key, text in _defaults_of(typology, form).items():
            cells.setdefault(key, {})[typology] = text
    rows = []
    for key, by in sorted(cells.items()):
        takers = [name for name, form in forms.items() if key in form["properties"]]
        rows.append([f"`{key}`", *_common_and_others(by, takers)])
    return table(["key", "for most", "others"], rows)


def _defaults_of(typology: str, form: dict[str, Any]) -> dict[str, str]:
    """The defaults of a typology by key, with what is known of them."""
    from sim import catalog

    found = {}
    for cell in catalog.cited("typology", typology):
        key, value = cell.key, cell.value
        if key in ("agents", "models") and key not in form["properties"]:
            key, value = key.removesuffix("s"), next(iter(value))
        if key in form["properties"] and key != "accounts":
            found[key] = f"{_value(value)} ({cell.status})"
    return found


def _common_and_others(by: dict[str, str], takers: list[str]) -> list[str]:
    """The value of at least three that most have, and the typologies that have another."""
    (common, count), *_ = Counter(by.values()).most_common(1)
    if count < _COMMON:
        common = ""
    groups: dict[str, list[str]] = {}
    for name in takers:
        value = by.get(name, "none")
        if value != common and (common or name in by):
            groups.setdefault(value, []).append(name)
    return [common, "; ".join(f"{', '.join(names)} {value}" for value, names in groups.items())]


def table_of_typologies() -> str:
    """The twenty typologies with their labels."""
    from sim import catalog

    rows = [
        [
            f"**{x.id}**",
            x.title,
            x.arrival,
            x.purpose,
            x.access_legitimacy,
            x.coordination,
            ", ".join(x.twins),
        ]
        for x in catalog.typologies().values()
    ]
    return table(["id", "title", "arrival", "purpose", "access", "coordination", "twins"], rows)


def table_of_modes() -> str:
    """The modes of behaviour, with the dials that tell them apart most."""
    from sim import catalog

    shown = ("agents", "exchanges_per_account_day", "agentic_share", "hosting_share", "rhythm")
    rows = [
        [f"`{x.id}`", x.title, *(_value(x.parameters[name]) for name in shown)]
        for x in catalog.modes().values()
    ]
    return table(["mode", "", *(f"`{name}`" for name in shown)], rows)


def table_of_circles() -> str:
    """Whom accounts share with."""
    from sim import catalog

    groups = catalog.sharing_groups()
    shown = list(next(iter(groups.values())).parameters)
    rows = [
        [f"`{x.id}`", x.title, *(_value(x.parameters[name]) for name in shown)]
        for x in groups.values()
    ]
    return table(["circle", "", *(f"`{name}`" for name in shown)], rows, right=len(shown))


def table_of_levels() -> str:
    """The separability of each typology by level."""
    from sim import catalog

    levels = catalog.levels().values()
    rows = [
        [typology, *(_value(level.parameters[typology]) for level in levels)]
        for typology in catalog.typologies()
    ]
    return table(["", *(f"`{level.id}`" for level in levels)], rows, right=len(levels))


def table_of_families() -> str:
    from sim import catalog

    rows = [
        [f"`{x.id}`", x.title, f"{x.templates:,}", str(x.likeness)]
        for x in catalog.families().values()
    ]
    return table(["family", "", "templates", "likeness"], rows, right=2)


def table_of_look_alikes() -> str:
    """The harmless actors that a scenario may add."""
    from sim.catalog.data_files import read_yaml

    rows = [
        [f"`{name}`", entry["note"], _value(entry["actor"])]
        for name, entry in read_yaml("look_alikes").items()
    ]
    return table(["actor", "", "keys"], rows)


def _keys(node: dict[str, Any]) -> str:
    required = node.get("required", ())
    rows = []
    for key, value in node["properties"].items():
        kind, meaning = _cells(key, value)
        wanted = ", required" if key in required and "required" not in kind else ""
        rows.append([f"`{key}`", kind + wanted, meaning])
    return table(["key", "type", "meaning"], rows)


def _cells(key: str, node: dict[str, Any]) -> list[str]:
    required = ", required" if key in ("id", "accounts") else ""
    return [_type(node) + required, _escaped(node.get("description", ""))]


def _object(node: dict[str, Any]) -> dict[str, Any]:
    branches = [branch for branch in node.get("anyOf", ()) if "properties" in branch]
    return branches[0] if branches else node


def _type(node: dict[str, Any]) -> str:
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[1]
        return {
            "Distribution": "number or [distribution](#distributions)",
            "RhythmForm": "mapping, see [rhythm](#rhythm), or `none`",
            "TurnsForm": "mapping, see [turns_per_session](#turns_per_session)",
            "ScaffoldDials": "mapping: base_context_tokens, append_tokens, user_append_tokens, "
            "tool_time_s, dropped_share",
            "Lognormal": "mapping of `median`, `sigma`, `max`",
            "EnforcementForm": "mapping, see [enforcement](#enforcement), or `default`",
        }.get(
            name,
            f"mapping, see [{name.removesuffix('Form').lower()}]"
            f"(#{name.removesuffix('Form').lower()})",
        )
    if "const" in node:
        return f"always `{node['const']}`"
    if "enum" in node:
        few = len(node["enum"]) <= _SHORT_ENUM
        return "one of " + _ids(node["enum"]) if few else "id of the catalog"
    if any(branch.get("type") == "integer" for branch in node.get("anyOf", ())):
        return "whole number"
    if "weeks?" in node.get("pattern", ""):
        return "duration"
    if node.get("pattern", "").startswith(r"^\d{4}"):
        return "date or time"
    words = {"string": "text", "object": "mapping", "array": "list", "integer": "whole number"}
    words["boolean"] = "true or false"
    kind = str(node.get("type", ""))
    return words.get(kind, kind)


def _ids(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _escaped(text: str) -> str:
    return text.replace("|", r"\|").replace("<", "&lt;")


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(map(_item, value, value.values())) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:,}" if isinstance(value, int) else str(value)


def _item(key: str, value: Any) -> str:
    from sim.documents.quantities import format_duration

    if key.endswith("_us"):
        return f"{key.removesuffix('_us')}: {format_duration(value)}"
    return f"{key}: {_value(value)}"


# The tables of a run, and those of a pack


def columns_of(name: str) -> Callable[[], str]:
    """Columns of a table, from their records."""
    return lambda: _columns(name)


def _columns(name: str) -> str:
    from sim.tables.exchange_schema import PROMPT_VECTOR
    from sim.tables.pack_schema import PACK_TABLES

    columns = PACK_TABLES[name].columns
    if name == "truth/exchanges":
        rows = [
            [f"`{c.name}`", c.type, "lean" if c.profile == "lean" else "", c.unit, c.meaning]
            for c in columns
        ]
        return table(["column", "type", "from", "unit", "meaning"], rows)
    if name != "log/exchanges":
        rows = [[f"`{c.name}`", c.type, c.unit, c.meaning] for c in columns]
        return table(["column", "type", "unit", "meaning"], rows)

    profiles = {"lean": "lean", "core": "core", "full": "", "vectors": "with vectors"}
    rows = [
        [f"`{c.name}`", c.type, profiles[c.profile], c.unit, c.meaning]
        for c in (*columns, PROMPT_VECTOR)
    ]
    return table(["column", "type", "from", "unit", "meaning"], rows)


def _names_of_tables() -> list[str]:
    from sim.tables.pack_schema import PACK_TABLES

    return list(PACK_TABLES)


# The worked example


def task_of_worked_example() -> str:
    rows = list(_exchanges_of_first_task())
    header = [
        *("#", "second", "last message from", "messages", "tool results in"),
        *("uncached", "cache read", "cache write", "input", "output", "tool calls out"),
        *("finish reason", "took s", "USD"),
    ]
    return table(header, rows)


def _exchanges_of_first_task() -> Iterator[list[str]]:
    from sim.engine.run import run
    from sim.scenario import load_scenario
    from sim.tables.exchange_schema import EXCHANGES
    from sim.tables.reading import Run
    from sim.tables.truth_schema import TRUTH_EXCHANGES

    with tempfile.TemporaryDirectory() as folder:
        made = run(load_scenario("worked_example"), Path(folder) / "run")
        read = Run(made.path)
        log = read.table("log/exchanges", EXCHANGES).to_pandas()
        truth = read.table("truth/exchanges", TRUTH_EXCHANGES).to_pandas()
    first = truth["task_uid"] == truth["task_uid"][0]
    task = log[first & (log["http_status"] == 200)]
    opening = task["ts_start"].iloc[0]
    for number, (_, row) in enumerate(task.iterrows(), start=1):
        yield [
            str(number),
            f"{(row['ts_start'] - opening).total_seconds():.3f}",
            row["last_role_in"],
            str(row["n_messages"]),
            str(row["n_tool_results_in"]),
            f"{row['input_tokens_uncached']:,}",
            f"{row['cache_read_tokens']:,}",
            f"{row['cache_write_5m_tokens']:,}",
            f"{row['input_tokens_total']:,}",
            f"{row['output_tokens']:,}",
            str(row["n_tool_calls_out"]),
            row["finish_reason"],
            f"{row['duration_s']:.3f}",
            f"{row['cost_usd']:.4f}",
        ]


# Hard trials


def results_of_torture() -> str:
    """What `make torture` wrote last, of each part."""
    found = recorded("torture")
    header = ["part", "from seed", "tried", "passed", "refused", "failed", "minutes"]
    rows = [
        [
            part,
            f"{said['seed']:,}",
            *(f"{said[key]:,}" if key in said else "" for key in ("tried", "passed", "refused")),
            f"{len(said['failed']):,}",
            str(said["minutes"]),
        ]
        for part, said in found.items()
    ]
    return f"{measured_when(found, 'make torture')}\n{table(header, rows, right=6)}"


# Measurements


def recorded(kind: str) -> dict[str, Any]:
    """Return the results of a kind of measurement by title; none if it was never made."""
    path = DOCS / "background" / f"{kind}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def measured_when(records: dict[str, Any], command: str) -> str:
    """Say when and with what the results were measured, and whether that was of other bytes."""
    from tests.support.records import bytes_of_runs

    if not records:
        return f"Nothing is recorded yet; `{command}` measures it.\n"
    dates = sorted({entry["date"] for entry in records.values()})
    versions = {k: v for entry in records.values() for k, v in entry["versions"].items()}
    said = ", ".join(f"{name} {number}" for name, number in versions.items())
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    text = f"Measured by `{command}` on {when}, with {said}.\n"

    now = bytes_of_runs()
    other = [title for title, entry in records.items() if entry["bytes"] != now]
    if other:
        text += f"\nThe bytes of runs have changed since these were measured: {', '.join(other)}.\n"
    return text


def plan_for_a_billion() -> str:
    from tools.billion import tables

    return tables()


def performance() -> str:
    records = recorded("performance")
    parts = [f"### {title}\n\n{entry['result']}\n" for title, entry in records.items()]
    return "\n".join([measured_when(records, "make bench"), *parts])


def goals_of_speed() -> str:
    """What was measured beside each goal."""
    records = recorded("goals")
    header = ["what", "before", "goal", "measured", ""]
    rows = [entry["result"] for entry in records.values()]
    return "\n".join([measured_when(records, "make bench"), table(header, rows)])


def verification() -> str:
    """Counts that must agree exactly in one line a check, all other quantities in a table."""
    records = recorded("verification")
    quantities = [[check, *row] for check, x in records.items() for row in x["result"]]
    exact = Counter(row[0] for row in quantities if row[4] == "exact" and row[5])
    failed = sum(not row[-1] for row in quantities)
    shown = [
        [*map(str, row[:-1]), "pass" if row[-1] else "FAIL"]
        for row in quantities
        if not (row[4] == "exact" and row[-1])
    ]
    counts = ", ".join(f"{number} in *{check}*" for check, number in exact.items())
    header = ["check", "quantity", "found", "expected", "tolerance", ""]
    return "\n".join(
        [
            measured_when(records, "make verify"),
            f"Of {len(quantities)} quantities {failed} were outside their tolerance. "
            f"Counts that must agree exactly did: {counts}. The rest:\n",
            table(header, shown),
        ]
    )


def mutations() -> str:
    """How many random changes of the code a fast test notices, and which went unseen."""
    records = recorded("mutations")
    parts = [measured_when(records, "python -m tools.mutations try --record")]
    for entry in records.values():
        found = entry["result"]
        unseen = "".join(f"* `{line}`\n" for line in found["survived"])
        parts.append(
            f"With seed {found['seed']}, {found['noticed']} of {found['tried']} changes were "
            "noticed, the rooms of `sim/` in turn. Unseen (some of them change nothing that "
            f"shows):\n\n{unseen}"
        )
    return "\n".join(parts)


def code_measures() -> str:
    from tools.measure_code import ROOT, measure
    from tools.measure_code import table as table_of_measures

    return table_of_measures(measure(ROOT / "sim"), measure(ROOT / "tests"))


# The catalog


def values_by_status() -> str:
    from sim import catalog
    from sim.catalog.loading import PAYMENT_TIMING

    kinds: dict[str, Any] = {
        "model": catalog.models,
        "agent": catalog.agents,
        "benchmark": catalog.benchmarks,
        "typology": catalog.typologies,
        "mode": catalog.modes,
        "circle": catalog.sharing_groups,
        "family": catalog.families,
        "world": lambda: ("provider", "rules", "enforcement", "operator"),
        "amplification": catalog.amplification,
        "payment": lambda: (*catalog.payment_kinds(), PAYMENT_TIMING),
        "label": catalog.labelling,
    }
    rows = []
    for kind, entries in kinds.items():
        cells = [cell for key in entries() for cell in catalog.cited(kind, key)]
        status = Counter(cell.status for cell in cells)
        counts = [str(status[name]) for name in ("measured", "reported", "prior")]
        rows.append([kind, str(len(entries())), *counts])
    return table(["kind", "entries", "measured", "reported", "prior"], rows, right=4)


def measured_steps() -> str:
    import numpy as np

    from sim.catalog import step_distributions

    rows = []
    for x in step_distributions().values():
        middle, high = np.percentile(x.steps, [50, 95])
        rows.append(
            [
                x.agent,
                x.model,
                f"`{x.model_id}`" if x.model_id else "",
                str(len(x.steps)),
                f"{x.steps.mean():.1f}",
                f"{middle:.0f}",
                f"{high:.0f}",
                str(x.steps.max()),
                str(x.at_limit),
                f"{x.loading:.2f}",
            ]
        )
    header = ["agent", "model as measured", "model id", "tasks", "mean", "p50", "p95", "max"]
    return table([*header, "at limit", "loading"], rows, right=7)


def table_of_amplification() -> str:
    from sim.catalog import amplification

    columns = ("mean", "p50", "p90", "p99")
    quantities = {"requests": "requests", "tool_steps": "tool-initiated steps"}
    rows = [
        [quantity, f"a {scope}", *(f"{values[f'{key}_{x}']:,}" for x in columns)]
        for scope, values in amplification().items()
        for key, quantity in quantities.items()
        if f"{key}_mean" in values
    ]
    return table(["quantity", "of", *columns], rows, right=len(columns))


def table_of_observables() -> str:
    from sim.comparison.claims.observables import OBSERVABLES

    rows = [[f"`{key}`", x.title, x.unit, x.kind] for key, x in OBSERVABLES.items()]
    return table(["metric", "meaning", "unit", "kind"], rows)


BLOCKS: dict[str, Callable[[], str]] = {
    "cli": help_of_every_verb,
    "sections": table_of_sections,
    "critique": judged_statements,
    "amplification": table_of_amplification,
    "observables": table_of_observables,
    "keys scenario": keys_of_scenario,
    "keys clock": keys_of("ClockForm"),
    "keys world": keys_of("WorldForm"),
    "keys load": keys_of("LoadForm"),
    "keys tiers": keys_of("TiersForm"),
    "keys events": keys_of_events,
    "defaults of the world": defaults_of("provider"),
    "defaults of enforcement": defaults_of("enforcement"),
    "defaults of operators": defaults_of("operator"),
    "keys enforcement": keys_of("EnforcementForm"),
    "keys operator": keys_of("OperatorForm"),
    "dials of labels": dials_of_labels,
    "typologies": table_of_typologies,
    "modes": table_of_modes,
    "circles": table_of_circles,
    "levels": table_of_levels,
    "families": table_of_families,
    "look-alikes": table_of_look_alikes,
    "tiers": limits_of_tiers,
    "parameters of the world": parameters_of_world,
    "keys actors": keys_of_actors,
    "keys uptake": keys_of("UptakeForm"),
    "keys rhythm": keys_of("RhythmForm"),
    "keys turns": keys_of("TurnsForm"),
    "keys tables": keys_of("TablesForm"),
    "defaults": defaults_of_typologies,
    "worked example": task_of_worked_example,
    "torture": results_of_torture,
    "performance": performance,
    "goals of speed": goals_of_speed,
    "billion": plan_for_a_billion,
    "verification": verification,
    "code measures": code_measures,
    "mutations": mutations,
    "catalog status": values_by_status,
    "catalog steps": measured_steps,
    **{f"columns of {name}": columns_of(name) for name in _names_of_tables()},
    **export_tables.blocks(table),
    **hypothesis_tables.blocks(table),
    **claims_table.blocks(table),
    **report_words.BLOCKS,
}


def main() -> None:
    """Rewrite every page that has generated blocks."""
    for path in [DOCS.parent / "README.md", *sorted(DOCS.rglob("*.md"))]:
        text = path.read_text(encoding="utf-8")
        path.write_text(filled(text), encoding="utf-8")


if __name__ == "__main__":
    main()
