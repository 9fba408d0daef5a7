"""The scenario format: human form, resolved form, overrides."""

from __future__ import annotations

import json
import math
import pickle
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import sim
from sim.documents.bounds import MOST_STEPS
from sim.documents.quantities import MAX_COUNT, MAX_DURATION_US, format_duration
from sim.documents.strict_yaml import Document, parse_yaml
from sim.errors import InvalidInputError
from sim.scenario.load import scenario_of
from sim.scenario.resolved import Actor, Scenario
from sim.scenario.size import scaled
from tests.support.paths import CASES, ROOT

HERE = CASES / "scenarios"
VALID = sorted((HERE / "valid").glob("*.yaml"))
INVALID = sorted((HERE / "invalid").glob("*.yaml"))
SHIPPED = sorted((ROOT / "scenarios").glob("*.yaml"))
LONG = pytest.param(ROOT / "scenarios/separability.yaml", marks=pytest.mark.verify)  # 462 actors


def name_of(path: Path) -> str:
    return path.stem


def actor_of(scenario: Scenario, name: str) -> Actor:
    return next(actor for actor in scenario.actors if actor.id == name)


def fault(text: str) -> str:
    """Return the message that loading `text` gives."""
    with pytest.raises(InvalidInputError) as caught:
        scenario_of(parse_yaml(text, "t.yaml"))
    return str(caught.value)


# Conformance cases


@pytest.mark.parametrize(
    "path", [*VALID, *(LONG if path == LONG.values[0] else path for path in SHIPPED)], ids=name_of
)
def test_valid_scenario_loads_and_round_trips(path: Path) -> None:
    scenario = sim.load_scenario(path)
    assert Scenario.from_dict(json.loads(json.dumps(scenario.to_dict()))) == scenario
    assert pickle.loads(pickle.dumps(scenario)) == scenario
    dumped = sim.show(scenario)
    assert Scenario.from_dict(parse_yaml(dumped, "dump").data) == scenario
    assert Scenario.from_dict(yaml.load(dumped, yaml.CSafeLoader)) == scenario


@pytest.mark.parametrize("path", INVALID, ids=name_of)
def test_invalid_scenario_gives_its_message(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    with pytest.raises(InvalidInputError) as caught:
        sim.load_scenario(path.name)
    assert f"{caught.value}\n" == path.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", SHIPPED, ids=name_of)
def test_shipped_scenario_names_its_schema_and_itself(path: Path) -> None:
    first_line = path.read_text(encoding="utf-8").split("\n")[0]
    assert first_line == "# yaml-language-server: $schema=schema.json"
    assert sim.load_scenario(path.stem).name == path.stem


# JSON Schema


@cache
def validator() -> Any:
    return jsonschema.Draft202012Validator(sim.schema())


def test_committed_schema_is_up_to_date() -> None:
    """Remedy: `sim schema > scenarios/schema.json`."""
    committed = json.loads((ROOT / "scenarios" / "schema.json").read_text(encoding="utf-8"))
    assert committed == sim.schema()


@pytest.mark.parametrize("path", [*VALID, *SHIPPED], ids=name_of)
def test_schema_accepts_what_loads(path: Path) -> None:
    data = parse_yaml(path.read_text(encoding="utf-8"), path.name).data
    validator().validate(data)


def test_schema_refuses_unknown_keys_and_ids() -> None:
    data = parse_yaml((HERE / "valid" / "benchmark.yaml").read_text(), "").data
    for key, value in (("acounts", 5), ("model", "claude-sonnet-9"), ("runs", 0)):
        changed = {**data, "actors": [{**data["actors"][0], key: value}]}
        assert not validator().is_valid(changed), key


def test_schema_describes_every_key() -> None:
    schema = sim.schema()
    for owner in (schema, *schema["$defs"].values()):
        for form in (owner, *owner.get("anyOf", ())):
            for key, value in form.get("properties", {}).items():
                described = value.get("description") or key == "lognormal"
                assert described, f"{key} in {sorted(form['properties'])}"


@pytest.mark.parametrize(
    ("form", "actor"), [("SessionsForm", 0), ("BenchmarkForm", 1), ("PromptsForm", 2)]
)
def test_every_key_is_in_a_valid_scenario(form: str, actor: int) -> None:
    """But for `through`, which leaves out others, and `calibration`, which names a file."""
    data = parse_yaml((HERE / "valid" / "every-key.yaml").read_text(), "").data
    assert isinstance(data, dict)
    defined = sim.schema()["$defs"]
    left_out = {"through", "calibration"}
    assert set(data["actors"][actor]) == set(defined[form]["properties"]) - left_out
    assert set(data["actors"][actor]["operator"]) == set(defined["OperatorForm"]["properties"])
    for key, name in (("world", "WorldForm"), ("tables", "TablesForm")):
        assert set(data[key]) == set(defined[name]["properties"])
    _, enforcement = defined["EnforcementForm"]["anyOf"]
    rules = set(enforcement["properties"])
    assert set(data["world"]["enforcement"]) == rules


# Resolution


def test_minimal_scenario_takes_the_defaults() -> None:
    actor = actor_of(sim.load_scenario(HERE / "valid" / "minimal.yaml"), "coders")
    assert (actor.arrival, actor.accounts, actor.organisations) == ("sessions", 5, None)
    assert actor.exchanges_per_account_day > 0
    assert math.isclose(sum(actor.models.values()), 1)


def test_missing_seed_is_drawn_and_recorded() -> None:
    path = HERE / "valid" / "minimal.yaml"
    first, second = sim.load_scenario(path), sim.load_scenario(path)
    assert first.seed != second.seed
    assert sim.load_scenario(path, seed=first.seed) == first


def test_scale_multiplies_populations_and_targets() -> None:
    scenario = sim.load_scenario(HERE / "valid" / "every-key.yaml")
    coders, bench, pool = (actor_of(scenario, x) for x in ("coders", "evaluation", "pool"))
    assert (coders.accounts, coders.organisations, coders.templates) == (600, 500, 12)
    assert (bench.accounts, bench.items, bench.runs, bench.workers) == (3, 1147, 10, 5)
    assert (pool.accounts, pool.target_exchanges, pool.workers) == (150, 100_000, 20)


def test_small_scale_leaves_one_of_each() -> None:
    scenario = sim.load_scenario(HERE / "valid" / "every-key.yaml", scale=1e-9)
    coders, bench, pool = (actor_of(scenario, x) for x in ("coders", "evaluation", "pool"))
    assert (coders.accounts, bench.items, bench.workers, pool.target_exchanges) == (1, 1, 1, 1)


@given(st.integers(1, MAX_COUNT), st.floats(1e-9, 1e6))
def test_scaled_numbers_are_near_and_at_least_one(number: int, scale: float) -> None:
    assert scaled(number, 1.0) == number
    assert scaled(number, scale) >= 1
    assert abs(scaled(number, scale) - max(1, number * scale)) <= 0.5 + number * scale * 1e-12


def test_partial_mappings_keep_the_other_defaults() -> None:
    base = HERE / "valid" / "sessions.yaml"
    before = sim.load_scenario(base).actors[0]
    after = sim.load_scenario(base, overrides=["actors.coders.rhythm.weekend=2"]).actors[0]
    assert after == before.model_copy(
        update={"rhythm": before.rhythm.model_copy(update={"weekend": 2.0})}
    )


def test_rhythm_none_is_flat() -> None:
    scenario = sim.load_scenario(
        HERE / "valid" / "campaign.yaml", overrides=["actors.0.rhythm=none"]
    )
    assert (scenario.actors[0].rhythm.strength, scenario.actors[0].rhythm.weekend) == (0, 1)


def test_starts_left_out_means_in_progress() -> None:
    scenario = sim.load_scenario(HERE / "valid" / "three.yaml")
    assert actor_of(scenario, "evaluation").starts_us == 0
    assert sim.load_scenario(HERE / "valid" / "campaign.yaml").actors[0].starts_us is None


def test_clock_is_half_open() -> None:
    clock = sim.load_scenario(HERE / "valid" / "minimal.yaml").clock
    assert (clock.start, clock.end) == (
        datetime(2026, 2, 2, tzinfo=UTC),
        datetime(2026, 2, 3, tzinfo=UTC),
    )


@given(
    title=st.text(max_size=40),
    seed=st.integers(0, 2**64 - 1),
    share=st.floats(0, 1),
    median=st.floats(1e-9, MOST_STEPS),
    duration_us=st.integers(1, MAX_DURATION_US),
)
def test_round_trips_are_exact(
    title: str, seed: int, share: float, median: float, duration_us: int
) -> None:
    data = {
        "version": 1,
        "name": "any",
        "title": title,
        "about": title,
        "seed": seed,
        "clock": {"start": "2026-02-02", "duration": format_duration(duration_us)},
        "actors": [
            {
                "id": "true",
                "typology": "L01",
                "accounts": 5,
                "hosting_share": share,
                "tool_steps": {"lognormal": {"median": median, "sigma": share}},
            }
        ],
    }
    scenario = scenario_of(Document("t.yaml", data))
    assert scenario.title == title
    assert Scenario.from_dict(json.loads(json.dumps(scenario.to_dict()))) == scenario
    dumped = sim.show(scenario)
    assert Scenario.from_dict(parse_yaml(dumped, "dump").data) == scenario
    assert Scenario.from_dict(yaml.load(dumped, yaml.CSafeLoader)) == scenario


# Overrides


def test_overrides_come_before_checking() -> None:
    scenario = sim.load_scenario(
        HERE / "valid" / "three.yaml",
        overrides=[
            "actors.coders.accounts=1e2",
            "actors.1.runs=4",
            'actors.pool.models."claude-opus-4.5"=1',
            "tables.format=csv",
            "seed=5",
        ],
        seed=6,
    )
    assert (scenario.seed, scenario.tables.format) == (6, "csv")
    assert actor_of(scenario, "coders").accounts == 100
    assert actor_of(scenario, "evaluation").runs == 4
    assert actor_of(scenario, "pool").models == {"claude-opus-4.5": 1.0}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seed", "--set seed: should be KEY=VALUE, such as actors.coders.accounts=5"),
        ("=5", "--set =5: should be KEY=VALUE, such as actors.coders.accounts=5"),
        ("a..b=5", "--set a..b=5: should be KEY=VALUE, such as actors.coders.accounts=5"),
        ("seed=", "--set seed=: seed: no value; give one or drop the key"),
        ("sed=5", "--set sed=5: unknown key 'sed'; did you mean 'seed'?"),
        ("actors.coder.runs=5", "--set actors.coder.runs=5: unknown actor 'coder'; did you mean "
         "'coders'?"),
        ("actors.coders.accounts=x", "--set actors.coders.accounts=x: actors.coders.accounts: "
         "should be a whole number, such as 20, 13_000_000, 1e6 or '3.4 M'; found text 'x'"),
        ("title.a=5", "--set title.a=5: title holds text 'A hundred coding-agent users over two "
         "days', not a mapping"),
        ("seed=[1", "--set seed=[1: not valid YAML: did not find expected ',' or ']' while "
         "parsing a flow sequence"),
        ("seed=&a 5", "--set seed=&a 5: an anchor '&a'; write values out"),
    ],
)  # fmt: skip
def test_wrong_override_points_at_the_option(override: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        sim.load_scenario(HERE / "valid" / "sessions.yaml", overrides=[override])
    assert str(caught.value) == message


def test_seed_and_scale_are_checked_like_keys() -> None:
    with pytest.raises(InvalidInputError) as caught:
        sim.load_scenario(HERE / "valid" / "minimal.yaml", seed=-1, scale=math.nan)
    assert str(caught.value).splitlines() == [
        "--scale nan: scale: should be finite, found nan",
        "--seed -1: seed: should be at least 0, found -1",
    ]


# Finding scenarios


def test_missing_file_is_one_clear_message(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"nothing-here\.yaml: no such file"):
        sim.load_scenario(tmp_path / "nothing-here.yaml")
    with pytest.raises(InvalidInputError, match="cannot be read: Is a directory"):
        sim.load_scenario(tmp_path)
    with pytest.raises(InvalidInputError, match=r"cannot be read: .*null byte"):
        sim.load_scenario("a\0b")


def test_shipped_scenarios_are_found_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (HERE / "valid" / "minimal.yaml").read_text(encoding="utf-8")
    (tmp_path / "first-steps.yaml").write_text(text, encoding="utf-8")
    shipped = {"first-steps": tmp_path / "first-steps.yaml"}
    monkeypatch.setattr("sim.scenario.load.shipped_scenarios", lambda: shipped)
    assert sim.load_scenario("first-steps").name == "minimal"
    with pytest.raises(InvalidInputError) as caught:
        sim.load_scenario("first-step")
    assert str(caught.value) == (
        "first-step: no such file, and no shipped scenario of this name; "
        "did you mean 'first-steps'?"
    )


# Mutations: whatever is dropped, renamed or replaced, loading gives a scenario or places.


def nodes(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items: Any = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    return [path, *(below for key, item in items for below in nodes(item, (*path, key)))]


EVERY_KEY = (HERE / "valid" / "every-key.yaml").read_text(encoding="utf-8")
PATHS = nodes(parse_yaml(EVERY_KEY, "").data)[1:]
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.just([{"a": 1}]),
    st.just({"L01": {"accounts": 5}, "lognormal": 5}),
    st.sampled_from(["none", "L04", "claude-opus-4.1", "5 s", "gpqa-diamond"]),
)


def mutated(path: tuple[Any, ...], how: str, junk: Any) -> str:
    data = parse_yaml(EVERY_KEY, "").data
    inside = data
    for part in path[:-1]:
        inside = inside[part]
    value = inside.pop(path[-1])
    if how == "rename":
        inside[f"{path[-1]}x"] = value
    elif how == "replace":
        inside[path[-1]] = junk
    return json.dumps(data)


@given(
    st.sampled_from([path for path in PATHS if isinstance(path[-1], str)]),
    st.sampled_from(["drop", "rename", "replace"]),
    JUNK,
)
def test_mutations_load_or_give_places(path: tuple[Any, ...], how: str, junk: Any) -> None:
    text = mutated(path, how, junk).replace("NaN", ".nan").replace("Infinity", ".inf")
    try:
        scenario_of(parse_yaml(text, "t.yaml"))
    except InvalidInputError as error:
        for line in str(error).splitlines():
            assert line.startswith("t.yaml:1:"), line


def test_fifty_actors_resolve() -> None:
    actors = "".join(f"  - {{id: a{n}, typology: L01, accounts: {n + 1}}}\n" for n in range(50))
    text = f"version: 1\nname: many\nclock: {{start: 2026-02-02, duration: 1 d}}\nactors:\n{actors}"
    assert len(scenario_of(parse_yaml(text, "t.yaml")).actors) == 50


def test_front_is_complete_and_lazy() -> None:
    for name in sim.__all__:
        assert getattr(sim, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        sim.nothing  # noqa: B018
