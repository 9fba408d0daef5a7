"""The catalog: complete, cited, and near what was measured."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from sim.catalog import (
    Claim,
    Model,
    agents,
    amplification,
    benchmarks,
    cited,
    claim_value,
    claims,
    enforcement,
    families,
    labelling,
    limits,
    limits_of,
    loading,
    lookup,
    models,
    modes,
    operator,
    output_rule,
    output_rules,
    parameters,
    payment_kinds,
    population,
    provider,
    resolve_model,
    sources,
    statements,
    step_distributions,
    steps_for,
    typologies,
)
from sim.catalog.loading import PAYMENT_TIMING, newest
from sim.catalog.records import Cited
from sim.comparison.hypotheses.load_hypotheses import load_library
from sim.comparison.hypotheses.priors import SHAPES
from sim.distributions import Distribution
from sim.documents.strict_yaml import parse_yaml
from sim.errors import InvalidInputError
from sim.output.log_request import GROUP_SHARE
from sim.scaffold.turns import SERVER_STEPS_PER_EXCHANGE
from sim.scenario import json_schema
from sim.streams import Streams
from sim.world.attempts import RETRIES
from sim.world.cache import LIFETIME_1H_US, LIFETIME_5M_US
from sim.world.failures import FailureDraws, backoff_us, error_us

KINDS: dict[str, Any] = {
    "model": models,
    "agent": agents,
    "benchmark": benchmarks,
    "typology": typologies,
    "world": lambda: ("provider", "rules", "enforcement", "operator"),
    "mode": modes,
    "amplification": amplification,
    "payment": lambda: (*payment_kinds(), PAYMENT_TIMING),
    "label": labelling,
    "population": lambda: ("accounts",),
}
ENTRIES = [(kind, key) for kind, entries in KINDS.items() for key in entries()]


@pytest.mark.parametrize(("kind", "key"), ENTRIES)
def test_every_value_names_a_known_source(kind: str, key: str) -> None:
    values = cited(kind, key)
    assert values
    for value in values:
        assert value.source in sources()
        if value.source in ("general-knowledge", "design-prior"):
            assert value.status == "prior"


def test_the_population_is_of_all_that_does_not_extract() -> None:
    assert set(population()) == {t.id for t in typologies().values() if not t.is_extraction}
    assert math.isclose(sum(population().values()), 1)


def test_every_source_is_used() -> None:
    used = {value.source for kind, key in ENTRIES for value in cited(kind, key)}
    used |= {x.source for x in step_distributions().values()}
    used |= {x.source for x in statements().values()}
    used |= {x.values_source for x in statements().values() if x.values_source}
    used |= {source for source, _ in known_of_explanations()}
    reports = {claim.source for claim in claims().values()}
    used |= {key for key, x in sources().items() if x.url and any(x.url in y for y in reports)}
    assert used == set(sources())


def known_of_explanations() -> list[tuple[str, str]]:
    """Source and status of every prior and kind of calls of the shipped explanations."""
    text = files("sim.catalog").joinpath("data/hypotheses.yaml").read_text(encoding="utf-8")
    return list(cited_in(parse_yaml(text, "hypotheses.yaml").data))


def cited_in(node: Any) -> Iterator[tuple[str, str]]:
    """Source and status of every mapping below that has a shape; KeyError if it lacks one."""
    if isinstance(node, dict):
        if {*SHAPES, "tools_share"} & set(node):
            yield node["source"], node["status"]
        for key, value in node.items():
            if key not in (*SHAPES, "more"):
                yield from cited_in(value)


def test_every_prior_of_an_explanation_names_a_known_source() -> None:
    found = known_of_explanations()
    assert len(found) > 60
    assert {source for source, _ in found} <= set(sources())
    assert {status for _, status in found} <= {"measured", "reported", "prior"}
    assert {status for source, status in found if source == "design-prior"} == {"prior"}


def test_every_dial_of_an_explanation_says_how_it_is_known() -> None:
    for hypothesis in load_library().hypotheses.values():
        for name, prior in hypothesis.priors.items():
            constant = name.endswith(".mixed") and prior.constant == 0
            assert constant or prior.source in sources(), name


def test_units_follow_from_the_names() -> None:
    units = {x.key: x.unit for x in cited("model", "claude-sonnet-4.5")}
    assert units["ttft_s"] == "s"
    assert units["output_tokens_per_s"] == "tokens/s"
    assert units["context_window_tokens"] == "tokens"
    assert units["title"] == ""


def test_everything_that_was_read_is_there() -> None:
    assert len(benchmarks()) == 27
    assert len(claims()) == 32
    assert len(limits()) == 25
    assert len(output_rules()) == 3
    names = [*(f"L{n:02}" for n in range(1, 12)), *(f"G{n}" for n in range(12, 15))]
    assert list(typologies()) == [*names, *(f"A{n}" for n in range(15, 21))]
    assert len(step_distributions()) == 27
    assert benchmarks()["swe-bench-full"].items == 2294


def test_every_key_of_the_world_is_a_parameter() -> None:
    """Of the schema of scenarios; the keys of events are those of their kinds."""
    definitions = json_schema()["$defs"]
    keys = {f"world.{key}" for key in definitions["WorldForm"]["properties"]}
    keys -= {"world.load", "world.limits", "world.enforcement"}
    keys |= {f"world.load.{key}" for key in definitions["LoadForm"]["properties"]}
    keys |= {f"world.limits.{key}" for key in definitions["TiersForm"]["properties"]}
    listed = [item.key for item in parameters()]
    assert keys == {key for key in listed if key.startswith("world.")}
    assert len(set(listed)) == len(listed)


def test_every_key_of_enforcement_and_operators_has_a_default() -> None:
    """But for the budget, which is without bound where nothing is said."""
    definitions = json_schema()["$defs"]
    rules = set(enforcement())
    assert set(definitions["EnforcementForm"]["anyOf"][1]["properties"]) == rules
    assert set(definitions["OperatorForm"]["properties"]) - {"budget_usd"} == set(operator())


def test_parameters_of_actors_are_keys_of_a_scenario() -> None:
    definitions = json_schema()["$defs"]
    forms = ("SessionsForm", "BenchmarkForm", "PromptsForm")
    keys = {key for form in forms for key in definitions[form]["properties"]}
    assert {x.key.removeprefix("actors[].") for x in parameters() if "[]" in x.key} <= keys


def test_every_value_of_the_world_is_behind_a_parameter() -> None:
    shown = {cell.key for item in parameters() for cell in item.values.values()}
    for key in ("provider", "rules"):
        assert {cell.key for cell in cited("world", key)} <= shown


def test_a_parameter_says_whether_its_default_is_the_same_everywhere() -> None:
    known = {item.key: item for item in parameters()}
    assert known["world.overload"].default == provider()["overload"]
    caching = known["actors[].caching_share"]
    assert (caching.default, set(caching.values)) == ("by typology", set(typologies()))
    speed = known["output_tokens_per_s"]
    assert (speed.default, speed.statuses) == ("by model", ("measured", "reported", "prior"))


def seconds_of(draw: Any, key: int, calls: range, *rest: int) -> Any:
    """What a rule of failed attempts draws for each call, in seconds."""
    return np.array([draw(np.uint64(key), serial, *rest) for serial in calls]) / 1e6


def test_rules_of_the_world_are_those_that_act() -> None:
    rules = {cell.key: cell.value for cell in cited("world", "rules")}
    assert rules["retries"] == RETRIES
    assert rules["cache_lifetime_5m_s"] * 1e6 == LIFETIME_5M_US
    assert rules["cache_lifetime_1h_s"] * 1e6 == LIFETIME_1H_US
    assert rules["server_steps"] == SERVER_STEPS_PER_EXCHANGE
    assert rules["request_group_share"] == GROUP_SHARE
    failures, calls = FailureDraws(Streams(1), "actor"), range(20_000)
    error_s = seconds_of(error_us, failures.error_key, calls, 0)
    assert error_s.min() == pytest.approx(rules["error_time_shortest_s"], abs=1e-4)
    assert error_s.max() == pytest.approx(rules["error_time_longest_s"], abs=1e-4)
    first_s = seconds_of(backoff_us, failures.backoff_key, calls, 0, 0)
    late_s = seconds_of(backoff_us, failures.backoff_key, calls, 0, 9)
    assert first_s.max() == pytest.approx(rules["backoff_first_s"], abs=1e-4)
    assert late_s.max() == pytest.approx(rules["backoff_longest_s"], abs=1e-3)
    least = rules["backoff_first_s"] * (1 - rules["backoff_jitter"])
    assert first_s.min() == pytest.approx(least, abs=1e-4)


def test_numbers_that_no_report_prints_are_marked() -> None:
    marked = {x.id: x.figure for x in claims().values() if x.figure != "given"}
    assert marked == {
        "A6": "placeholder",
        "A10": "placeholder",
        "A11": "placeholder",
        "A12": "words",
        "A13": "words",
        "O1": "none",
        "S15": "derived",
    }
    assert [x.id for x in claims().values() if x.value is None] == ["O1"]


def test_every_figure_says_how_it_is_meant_and_what_is_not_said() -> None:
    by_bound: dict[str | None, list[str]] = {}
    for claim in claims().values():
        by_bound.setdefault(claim.bound, []).append(claim.id)
        assert claim.not_said.strip() == claim.not_said != ""
    assert by_bound == {
        "over": [
            *("A1", "A3", "A4", "A5", "A7", "G1", "S1", "S3"),
            *("S5", "S8", "S9", "S12"),
            *("S13", "S14", "S15"),
        ],
        "nearly": ["A9", "S2", "S4", "S6"],
        "approximately": ["A2", "L1", "L2"],
        "exact": ["S7", "S10", "S11"],
        "between": ["A6", "A8", "A10", "A11", "A12", "A13"],
        None: ["O1"],
    }
    words = {x.id: (x.low, x.high) for x in claims().values() if x.bound == "between"}
    tens_of_thousands = (20_000, 100_000)
    assert words.pop("A6") == (200, 1_000)
    assert (words.pop("A12"), words.pop("A13")) == ((0.1, 1), (0.25, 1))
    assert words == {"A8": (0, 24), "A10": tens_of_thousands, "A11": tens_of_thousands}


@pytest.mark.parametrize(
    "change",
    [
        {"bound": None},
        {"value": None},
        {"low": 1.0},
        {"bound": "between"},
        {"bound": "between", "low": 2.0, "high": 2.0},
        {"not_said": ""},
    ],
)
def test_a_claim_that_contradicts_itself_is_refused(change: dict[str, Any]) -> None:
    plain = claims()["A4"].model_dump()
    with pytest.raises(ValidationError):
        Claim.model_validate({**plain, **change})


def test_references_lead_somewhere() -> None:
    for benchmark in benchmarks().values():
        assert set(benchmark.agents) <= set(agents())
    for typology in typologies().values():
        assert set(typology.defaults["models"]) <= set(models())
        assert set(typology.defaults["agents"]) <= set(agents())
        assert typology.defaults.get("benchmark", "gaia") in benchmarks()
        assert set(typology.defaults["families"]) <= set(families())
        assert set(typology.defaults["modes"]) <= set(modes())
        assert set(typology.twins) <= set(typologies()) - {typology.id}
    for steps in step_distributions().values():
        assert steps.agent in agents()
        assert steps.benchmark in benchmarks()
        assert steps.model_id is None or steps.model_id in models()
    for line in statements().values():
        assert line.claim is None or line.claim in claims()
        assert set(line.claims) <= set(claims())


def test_shares_add_up() -> None:
    for typology in typologies().values():
        for dial in ("models", "agents", "families", "modes"):
            assert math.isclose(sum(typology.defaults[dial].values()), 1)


def test_models_are_consistent() -> None:
    aliases = [alias for model in models().values() for alias in model.aliases]
    assert len(aliases) == len(set(aliases))
    assert not set(aliases) & set(models())
    for model in models().values():
        assert model.max_output_tokens < model.context_window_tokens
        assert model.input_usd_per_mtok < model.output_usd_per_mtok
        assert model.cache_read_factor < 1 < model.cache_write_5m_factor
        assert all(agent.max_tokens <= model.max_output_tokens for agent in agents().values())


def test_records_are_frozen() -> None:
    model = models()["claude-opus-4"]
    with pytest.raises(ValidationError):
        model.title = "other"
    with pytest.raises(TypeError):
        models()["x"] = model  # type: ignore[index]
    with pytest.raises(ValueError, match="read-only"):
        steps_for("mini-swe-agent", "claude-opus-4").steps[0] = 1


def test_an_unknown_key_in_a_record_is_refused() -> None:
    plain = models()["claude-opus-4"].model_dump()
    with pytest.raises(ValidationError, match="Extra inputs"):
        Model.model_validate({**plain, "speed": 1})


@pytest.mark.parametrize(
    ("model", "mean", "median", "p90", "p99", "at_limit"),
    [
        ("claude-opus-4", 31.076, 28, 51, 72.02, 0),
        ("claude-3.7-sonnet", 34.7, 28, 62, 137.01, 0),
        ("claude-sonnet-4", 37.172, 33, 64, 93.04, 0),
        ("claude-opus-4.5", 38.042, 34, 67, 105.01, 0),
        ("claude-sonnet-4.5", 50.988, 47, 79.1, 120.01, 0),
    ],
)
def test_steps_are_the_published_ones(
    model: str, mean: float, median: float, p90: float, p99: float, at_limit: int
) -> None:
    x = steps_for("mini-swe-agent", model)
    assert len(x.steps) == 500
    assert x.steps.mean() == pytest.approx(mean)
    found = np.quantile(x.steps, [0.5, 0.9, 0.99]).tolist()
    assert found == pytest.approx([median, p90, p99], abs=0.011)
    assert x.at_limit == at_limit
    assert (np.diff(x.steps) >= 0).all()


def test_pooled_steps_are_the_published_ones() -> None:
    mini = [x for x in step_distributions().values() if x.agent == "mini-swe-agent"]
    pooled = np.concatenate([x.steps for x in mini])
    assert len(pooled) == 12_500
    assert pooled.mean() == pytest.approx(40.453, abs=0.001)
    assert np.median(pooled) == 29
    assert sum(x.at_limit for x in mini) == 146
    assert np.mean([x.steps.mean() for x in mini]) == pytest.approx(40.5, abs=0.05)
    assert all(0 <= x.loading < 1 for x in mini)


def test_an_alias_is_the_model() -> None:
    assert resolve_model("claude-opus-4-5-20251101").id == "claude-opus-4.5"
    assert steps_for("swe-agent", "claude-sonnet-4-5-20250929").at_limit == 0


@pytest.mark.parametrize(
    ("agent", "model", "message"),
    [
        (
            "mini-swe-agent",
            "claude-opus-45",
            "unknown model 'claude-opus-45': did you mean claude-opus-4.5 or claude-opus-4 "
            "or claude-opus-4.6?",
        ),
        (
            "swe-agent",
            "claude-opus-4",
            "no steps were measured for 'swe-agent' with 'claude-opus-4'; "
            "measured with swe-agent: claude-sonnet-4.5",
        ),
        (
            "mini-swe",
            "claude-opus-4",
            "no steps were measured for 'mini-swe' with 'claude-opus-4'; "
            "did you mean mini-swe-agent?",
        ),
    ],
)
def test_what_was_not_measured_is_said(agent: str, model: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        steps_for(agent, model)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lookup(benchmarks(), "benchmark", "gaja"), "unknown benchmark 'gaja': did you "),
        (lambda: lookup(agents(), "agent", "zzz"), "unknown agent 'zzz': known: mini-swe-agent, "),
        (lambda: cited("models", "x"), "unknown kind 'models': did you mean model or mode?"),
        (lambda: cited("typology", "L1"), "unknown typology 'L1': did you mean L11 or L10 or L01?"),
        (lambda: claim_value("O1"), "claim 'O1' names no figure"),
    ],
)
def test_unknown_names_get_an_answer(call: Any, message: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        call()
    assert str(error.value).startswith(message)


def turns_quantile(value: dict[str, Any], p: float) -> float:
    single = value["single_share"]
    if p <= single:
        return 1
    more = Distribution.model_validate(value["more"])
    return max(2, round(more.quantile((p - single) / (1 - single))))


def test_turns_per_session_have_the_published_mean_and_quantiles() -> None:
    value = typologies()["L01"].defaults["turns_per_session"]
    assert [turns_quantile(value, p) for p in (0.25, 0.5, 0.9, 0.99)] == [1, 1, 18, 137]
    more = Distribution.model_validate(value["more"])
    mean = value["single_share"] + (1 - value["single_share"]) * more.rounded_mean(2)
    assert mean == pytest.approx(9.2, abs=0.1)


def test_tool_steps_per_turn_have_the_published_mean_and_quantiles() -> None:
    defaults = typologies()["L01"].defaults
    steps = Distribution.model_validate(defaults["tool_steps"])
    share = defaults["agentic_share"]
    assert share * steps.mean() == pytest.approx(7.8, abs=0.2)
    assert 0.3 <= 1 - share < 0.5
    for p, published in ((0.9, 20), (0.99, 86)):
        assert steps.quantile(1 - (1 - p) / share) == pytest.approx(published, rel=0.08)


def test_pauses_of_tools_of_the_interactive_agent_are_the_measured_ones() -> None:
    """Those of recorded sessions that nothing was fitted to, from an answer to the next call."""
    pause = agents()["coding-cli"].tool_time_s
    for p, measured, off in ((0.25, 5.6, 0.1), (0.5, 8.9, 0.1), (0.9, 66, 0.2), (0.99, 510, 0.1)):
        assert pause.quantile(p) == pytest.approx(measured, rel=off)


def test_context_of_the_interactive_agent_grows_as_published() -> None:
    agent = agents()["coding-cli"]
    growth = agent.append_tokens.mean() + agent.output_tokens.mean()
    assert growth == pytest.approx(1_750, rel=0.05)  # TraceLab: 1.7 to 1.8 thousand a step


def cumulative_input(steps: Any) -> Any:
    agent = agents()["swe-agent"]
    growth = agent.append_tokens.mean() + agent.output_tokens.mean()
    return steps * agent.base_context_tokens.mean() + growth * steps * (steps - 1) / 2


def test_input_of_the_benchmark_agent_grows_as_measured() -> None:
    steps = steps_for("swe-agent", "claude-sonnet-4.5").steps.astype(np.float64)
    total = cumulative_input(steps)
    exponent = np.polyfit(np.log(steps), np.log(total), 1)[0]
    assert exponent == pytest.approx(1.58, abs=0.06)
    assert np.mean(total / steps) == pytest.approx(34_795, rel=0.02)
    assert np.median(total) == pytest.approx(2.69e6, rel=0.05)
    assert np.quantile(total, 0.99) == pytest.approx(7.06e6, rel=0.15)


def test_a_default_that_one_entry_alone_states_otherwise_is_said_to_differ(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cells = {"A": 1.0, "B": 1.0, "C": 2.0}

    def cell(_: str, owner: str, name: str) -> Cited:
        return Cited(key=name, value=cells[owner], unit="", status="prior", source="design-prior")

    monkeypatch.setattr(loading, "_cell", cell)
    monkeypatch.setattr(loading, "typologies", lambda: cells)
    entry = {"default": "typology.tier", "unit": "", "acts_on": "limits"}
    assert loading._parameter("tier", entry).default == "by typology"
    cells["C"] = 1.0
    assert loading._parameter("tier", entry).default == 1.0


@pytest.mark.parametrize(
    ("tier", "model_class", "day", "requests"),
    [
        # before the first row of a tier, the first
        ("tier-1", "Opus 4.x", date(2020, 1, 1), 50),
        ("tier-1", "Opus 4.x", date(2026, 2, 2), 50),
        ("start", "Haiku 4.5", date(2026, 2, 2), 1_000),
        ("scale", "Sonnet 4.x", date(2027, 1, 1), 10_000),
    ],
)
def test_limits_of_a_day_are_the_newest_that_are_known(
    tier: str, model_class: str, day: date, requests: int
) -> None:
    assert limits_of(tier, day)[model_class].requests_per_min == requests
    assert limits_of("none", day) == {}


def test_a_later_row_of_a_tier_and_class_replaces_the_earlier_one() -> None:
    row = limits()[0]
    rows = tuple(row.model_copy(update={"since": date(2026, m, 1)}) for m in (3, 5))
    for asked, month in ((1, 3), (3, 3), (4, 3), (5, 5), (6, 5)):
        assert newest(rows, date(2026, asked, 1)).since.month == month


@pytest.mark.parametrize(
    ("day", "output"),
    [
        (date(2024, 1, 1), "up_front"),
        (date(2025, 12, 31), "up_front"),
        (date(2026, 1, 1), "as_generated"),
        (date(2027, 1, 1), "as_generated"),
    ],
)
def test_the_rule_for_output_of_a_day_is_the_first_reading(day: date, output: str) -> None:
    assert output_rule(day).output == output
    assert {rule.output for rule in output_rules() if rule.reading == "other"} == {"up_front"}
