"""Files of explanations, single changes by name, and what is refused."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim.comparison.hypotheses.load_hypotheses import chosen, load_library
from sim.comparison.hypotheses.model import Hypothesis, PriorSet
from sim.comparison.hypotheses.parameters import COMMON_PARAMETERS
from sim.comparison.inference.prior_predictive import draw
from sim.errors import InvalidInputError
from tests.support.hypotheses import marked, refused, shipped
from tests.support.paths import CASES

HERE = CASES
INVALID = sorted((HERE / "hypotheses" / "invalid").glob("*.yaml"))
FILES = HERE / "hypotheses" / "valid"


def name_of(path: Path) -> str:
    return path.stem


# The shipped file


def test_shipped_explanations_refer_to_what_there_is() -> None:
    library = shipped()
    assert len(library.hypotheses) == 14
    own = {key: x.own_common for key, x in library.hypotheses.items() if x.own_common}
    assert own == {"course": {"repeat_share"}, "red-teaming": {"refusal_share"}}
    assert library.accused == "extraction"
    for key, x in library.hypotheses.items():
        assert x.id == key
        assert set(x.common) == set(COMMON_PARAMETERS)
        assert set(x.access_modes) == set(x.access.names)
        assert set(x.uptakes) == set(x.uptake.names)
        assert x.driver in x.priors


def test_columns_are_different() -> None:
    for x in shipped().hypotheses.values():
        assert len(set(x.columns)) == len(x.columns)


@pytest.mark.parametrize("prior_set", shipped().prior_sets, ids=PriorSet.words)
def test_every_prior_set_keeps_parameters_within_their_limits(prior_set: PriorSet) -> None:
    centre, width = prior_set.centre, prior_set.width
    for x in shipped().hypotheses.values():
        found = x.with_prior(centre, width).priors
        for name, prior in x.priors.items():
            if prior.names:
                assert found[name] == prior
                continue
            high = prior.support[1]
            assert found[name].support[0] >= 0
            if high <= 1 and name != x.driver:
                assert found[name].support[1] <= 1
        lever = x.priors[x.driver].lognormal
        changed = found[x.driver].lognormal
        assert lever is not None
        assert changed is not None
        assert changed.median == pytest.approx(centre * lever.median)
        assert changed.sigma == pytest.approx(width * lever.sigma)


def test_a_wide_share_stays_one() -> None:
    changes = [
        f"own-keys.{name}={{uniform: {{low: 0.5, high: 1}}}}"
        for name in ("synchrony", "shared_instruments")
    ]
    library = load_library(None, [*changes, "found_share={uniform: {low: 0.5, high: 1}}"])
    x = library.hypotheses["benchmarking"].with_prior(1, 3)
    assert list(x.access_modes["own-keys"].synchrony.support) == [0, 1]
    assert list(x.common["found_share"].support) == [0, 1]
    assert x.access_modes["own-keys"].volume_sigma.support[1] > 2


# Files of the user's own


@pytest.mark.parametrize("path", INVALID, ids=name_of)
def test_invalid_explanations_give_their_message(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    with pytest.raises(InvalidInputError) as caught:
        load_library(path.name)
    assert f"{caught.value}\n" == path.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", INVALID, ids=name_of)
def test_changes_do_not_hide_the_faults_of_a_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    said = path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    if path.stem == "sections-that-are-no-mappings":  # the change has nothing to go to
        said = ["--set found_share=1: common holds text 'few', not a mapping"]
    elif path.stem in ("values-of-dials", "faults-of-every-kind"):  # one is mended by the change
        said = [line for line in said if "common.found_share" not in line]
    assert refused("found_share=1", path=Path(path.name)).splitlines() == said


def test_a_file_that_is_not_there() -> None:
    assert refused(path=Path("none.yaml")) == "none.yaml: no such file"


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    content = (FILES / "added.yaml").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert "labelling-work" in load_library("-").hypotheses
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"version: 3\n")))
    with pytest.raises(InvalidInputError, match=r"^<stdin>:1:10: version: should be 1, "):
        load_library("-")


def test_a_file_adds_an_explanation() -> None:
    library = load_library(FILES / "added.yaml")
    assert list(library.hypotheses) == [*shipped().hypotheses, "labelling-work"]
    assert library.accused == "extraction"
    for key, x in shipped().hypotheses.items():
        assert library.hypotheses[key].priors == x.priors
    mine = library.hypotheses["labelling-work"]
    said = {name: prior.words() for name, prior in mine.priors.items()}
    assert said["labelling.documents"] == "loguniform, low 10,000, high 3,000,000"
    assert said["labelling.calls"] == "single 1"
    assert said["labelling.mixed"] == "0"
    assert said["one-account.accounts"] == "1"
    assert said["by-hand.moved"] == "beta, mean 0.15, n 5"
    assert said["labelling-work.published_over"] == "uniform, low 0, high 20,000"
    assert "published_over" not in said
    assert mine.priors["labelling.documents"].source == "our own guess"
    assert mine.own_common == frozenset({"published_over"})
    assert mine.typologies == ("L07",)


def test_a_file_replaces_what_has_the_same_id() -> None:
    library = load_library(FILES / "replaced.yaml")
    assert list(library.hypotheses) == list(shipped().hypotheses)
    assert list(library.hypotheses["benchmarking"].work) == ["evaluations", "product"]
    assert library.hypotheses["benchmarking"].access.names == ("own-keys",)
    for key in ("resale", "extraction-in-resale"):
        relay = library.hypotheses[key].work["relay"]
        assert relay.title == "Requests of customers, all of one call"
        assert list(relay.tasks) == ["customers", "requests"]
    for key, x in library.hypotheses.items():
        assert x.common["convention"].words() == "C1 1"
        others = {k: v for k, v in x.common.items() if k != "convention"}
        before = shipped().hypotheses[key].common
        assert others == {k: before[k] for k in others}


def test_factors_of_prior_sets_are_replaced_key_by_key() -> None:
    replaced = load_library(FILES / "replaced.yaml").prior_sets
    assert {each.width for each in replaced} == {1}
    assert {each.centre for each in replaced} == {each.centre for each in shipped().prior_sets}
    every_section = load_library(FILES / "every-section.yaml").prior_sets
    assert {each.centre for each in every_section} == {1, 0.5, 2}


def test_every_section_of_a_file() -> None:
    library = load_library(FILES / "every-section.yaml")
    assert library.accused == "both"
    both = library.hypotheses["both"]
    assert both.suites["two"].benchmarks == ("gaia", "hle")
    assert (both.calls["short"].source, both.calls["short"].status) == ("our own log", "measured")
    assert both.priors["both.found_share"].words() == "0.5"
    assert both.priors["convention"].words() == "C2 0.75, C5 0.25"
    assert both.priors["convention"].source == "the provider"
    assert library.hypotheses["benchmarking"].priors["found_share"].words() == "1"
    assert library.hypotheses["benchmarking"].access_modes["own-keys"].title == "One account"
    assert (
        library.hypotheses["benchmarking"].access_modes["pool"]
        == (shipped().hypotheses["benchmarking"].access_modes["pool"])
    )


@pytest.mark.parametrize("path", sorted(FILES.glob("*.yaml")), ids=name_of)
def test_explanations_of_a_file_can_be_drawn(path: Path) -> None:
    """Under every prior set, shares and numbers of models that are at their limits included."""
    for x in load_library(path).hypotheses.values():
        for width in (0.5, 1, 3):
            wide, rng = x.with_prior(1, width), np.random.default_rng(3)
            made = draw(wide, rng.random((20, len(wide.columns))), rng)
            assert (made.counts >= 0).all()
            assert np.isfinite(made.reported["count"]).all()


# What is compared


def test_all_are_chosen_if_none_is_named() -> None:
    library = chosen(shipped(), (), None)
    assert list(library.hypotheses) == list(shipped().hypotheses)
    assert marked(library) == ["extraction"]


def test_the_accused_is_chosen_too() -> None:
    library = chosen(shipped(), iter(["resale", "product-use", "resale"]), None)
    assert list(library.hypotheses) == ["product-use", "resale", "extraction"]
    other = chosen(shipped(), ["extraction"], "resale")
    assert (list(other.hypotheses), marked(other)) == (["resale", "extraction"], ["resale"])
    assert marked(shipped()) == ["extraction"]


def test_without_a_mark_the_last_is_accused() -> None:
    bare: dict[str, Hypothesis] = {
        k: replace(v, accused=False) for k, v in shipped().hypotheses.items()
    }
    assert replace(shipped(), hypotheses=bare).accused == "extraction-in-resale"


@pytest.mark.parametrize(
    ("wanted", "accused", "message"),
    [
        (["resal"], None, "unknown explanation 'resal'; did you mean 'resale'?"),
        (["resale"], "extractoin", "unknown explanation 'extractoin'; did you mean 'extraction'?"),
        (
            ["extraction"],
            None,
            "'extraction' is alone; name at least one explanation to hold it against",
        ),
        (
            ["resale"],
            "resale",
            "'resale' is alone; name at least one explanation to hold it against",
        ),
    ],
)
def test_choices_that_are_refused(wanted: list[str], accused: str | None, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        chosen(shipped(), wanted, accused)
    assert str(caught.value) == message
