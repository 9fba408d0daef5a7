"""What would tell, what matters, and whether probabilities hold: the instrument on known truth."""

from __future__ import annotations

from dataclasses import replace
from threading import Event, Lock

import numpy as np
import pytest
from scipy import stats

from sim.catalog import typologies
from sim.comparison.claims.intervals import Interval
from sim.comparison.claims.observables import OBSERVABLES
from sim.comparison.hypotheses.load_hypotheses import chosen, load_library
from sim.comparison.hypotheses.model import AS_STATED, Library, PriorSet
from sim.comparison.hypotheses.priors import Prior
from sim.comparison.inference.evidence_model import EvidenceModel
from sim.comparison.inference.in_threads import in_threads
from sim.comparison.inference.posterior import inferred
from sim.comparison.sections import adoption, calibration, design, sensitivity
from tests.support.hypotheses import with_constants

ALL = tuple(OBSERVABLES)
THREE = ["benchmarking", "permitted-generation", "extraction"]


@pytest.fixture(scope="module")
def instrument() -> EvidenceModel:
    library = chosen(load_library(), THREE, None)
    two = (AS_STATED, PriorSet(3.0, 1.0))
    return EvidenceModel(replace(library, prior_sets=two), 3_000, seed=5)


# Before it is seen


def test_more_observables_make_fewer_mistakes(instrument: EvidenceModel) -> None:
    found = design.expected(instrument, "extraction", (ALL[:1], ALL[:2], ALL))
    by = {(x.against, len(x.known)): x.wrong for x in found}
    for other in THREE[:2]:
        assert 0.4 < by[other, 1] < 0.5, "the count alone hardly tells"
        assert by[other, 2] < 0.3, "accounts tell as far as pools are believed to be rare"
        assert by[other, 9] < by[other, 2]


def test_an_observable_of_the_same_prior_tells_nothing(instrument: EvidenceModel) -> None:
    """Two explanations that differ in the number of accounts alone."""
    one = instrument.library.hypotheses["extraction"]
    other = replace(one, id="other", access=Prior(choice={"own-keys": 1.0}))
    other = replace(other, access_modes=load_library().hypotheses["benchmarking"].access_modes)
    pair = EvidenceModel(Library({"extraction": one, "other": other}, (AS_STATED,)), 3_000, seed=5)
    sets = (("count",), ("count", "exchanges_per_task"), ("count", "accounts"))
    wrong = [x.wrong for x in design.expected(pair, "extraction", sets)]
    assert wrong[0] == pytest.approx(0.5, abs=0.07)
    assert wrong[1] == pytest.approx(0.5, abs=0.07)
    assert wrong[2] < 0.3


def test_expected_ratios_have_the_right_sign_and_cover_the_stated(
    instrument: EvidenceModel,
) -> None:
    for x in design.expected(instrument, "extraction", (ALL,)):
        assert x.if_accused.median > 0 > x.if_other.median
        for ranged in (x.median_if_accused, x.median_if_other):
            assert ranged.low <= ranged.stated <= ranged.high
        assert abs(x.if_accused.p95) <= np.log10(3_000) + 1e-9


def test_the_rows_of_a_confusion_add_up_to_one(instrument: EvidenceModel) -> None:
    for known in design.KNOWN_SETS:
        found = design.confusion(instrument, known)
        assert found.mean.sum(axis=1) == pytest.approx(np.ones(3))
    own = np.diag(found.mean)
    assert (own > 0.5).all()


# Calibration


def test_ranges_of_90_percent_hold_in_85_to_95(instrument: EvidenceModel) -> None:
    """500 clusters each: the standard error of a share is 1.3 points."""
    found = calibration.coverage(instrument)
    assert {x.quantity for x in found} == {"predicted count", "lever", "true C2"}
    for x in found:
        assert x.clusters == 500
        assert 0.85 <= x.share <= 0.95, x


def test_probabilities_come_true_as_often_as_they_say(instrument: EvidenceModel) -> None:
    for known in design.KNOWN_SETS:
        found = calibration.reliability(instrument, known)
        for b in (b for b in found.bins if b.cases >= 100):
            error = np.sqrt(max(b.true * (1 - b.true), 0.01) / b.cases)
            assert b.stated == pytest.approx(b.true, abs=4 * error + 0.04), (known, b)
        assert found.log_score < found.ignorance + 0.02
    assert found.log_score < 0.7 * found.ignorance
    assert sum(b.cases for b in found.bins) == 3 * 3 * 500


def test_overconfidence_would_be_seen(instrument: EvidenceModel) -> None:
    """Likelihoods to the eighth power are too sure: reliability and log score must say so."""

    class Sharpened:
        def __init__(self, inner: object) -> None:
            self.inner = inner

        def log_densities(self, points: object, sets: object) -> list[np.ndarray]:
            return [8 * x for x in self.inner.log_densities(points, sets)]  # type: ignore[attr-defined]

    other = EvidenceModel(instrument.library, 3_000, seed=5)
    honest = calibration.reliability(other, ALL[:2])
    patched = pytest.MonkeyPatch()
    patched.setattr(
        calibration, "stated_fits", lambda x: [Sharpened(x.stated_fit(i)) for i in x.ids]
    )
    try:
        sure = calibration.reliability(other, ALL[:2])
    finally:
        patched.undo()
    assert sure.log_score > honest.log_score + 0.05
    worst = max(abs(b.stated - b.true) for b in sure.bins if b.cases >= 100)
    assert worst > 0.1


def test_a_range_follows_the_count(instrument: EvidenceModel) -> None:
    draws = instrument.base("benchmarking")
    ends = [inferred(draws, "evaluations.runs", x, draws.published) for x in (1e5, 1e6, 1e7)]
    assert [low for low, _ in ends] == sorted(low for low, _ in ends)
    for low, high in ends:
        assert low < high
    exact = inferred(draws, "C2", 1e6, draws.published)
    assert exact[0] < 1e6 < exact[1] * 10


# Sensitivity


def test_sobol_indices_of_a_product_are_the_shares_of_log_variance() -> None:
    """Log count = log users + log turns + constants: S1 = sigma^2 / sum of sigma^2."""
    changes = [
        "product.days=60",
        "product.users={lognormal: {median: 2000, sigma: 1.6}}",
        "product.turns_per_user_day={lognormal: {median: 2, sigma: 0.8}}",
        "product.calls={choice: {single: 1}}",
        "product-use.access={choice: {own-keys: 1}}",
        "own-keys.accounts=1",
        "convention={choice: {C2: 1}}",
    ]
    library = chosen(load_library(None, changes), ["product-use"], "extraction")
    found = sensitivity.sobol(EvidenceModel(library, 10_000, 1), "extraction", "product-use")
    of_count = {
        x.parameter: x
        for x in found
        if x.hypothesis == "product-use" and x.quantity == sensitivity.COUNT
    }
    whole = 1.6**2 + 0.8**2
    for dial, sigma in (("users", 1.6), ("turns_per_user_day", 0.8)):
        x = of_count[f"product.{dial}"]
        assert x.first == pytest.approx(sigma**2 / whole, abs=0.05)
        assert x.total == pytest.approx(sigma**2 / whole, abs=0.05)
    assert set(of_count) == {"product.users", "product.turns_per_user_day"}


def test_odds_have_indices_for_the_two_that_are_weighed(instrument: EvidenceModel) -> None:
    found = sensitivity.sobol(instrument, "extraction", "benchmarking")
    with_odds = {x.hypothesis for x in found if x.quantity == sensitivity.ODDS_ALL}
    assert with_odds == {"extraction", "benchmarking"}
    counted = {x.hypothesis for x in found if x.quantity == sensitivity.COUNT}
    assert counted == set(THREE)
    top = max((x for x in found if x.quantity == sensitivity.ODDS_ALL), key=lambda x: x.total)
    assert top.total > 0.2


def test_the_bars_of_a_tornado_are_conditional_means(instrument: EvidenceModel) -> None:
    bars = [x for x in sensitivity.tornado(instrument) if x.hypothesis == "benchmarking"]
    widths = [x.high - x.low for x in bars]
    assert widths == sorted(widths, reverse=True)
    runs = next(x for x in bars if x.parameter == "evaluations.runs")
    draws = instrument.base("benchmarking")
    y = np.log10(draws.reported["count"])
    x = draws.parameters["evaluations.runs"]
    assert runs.low == pytest.approx(y[x <= np.quantile(x, 0.1)].mean())
    assert runs.high == pytest.approx(y[x >= np.quantile(x, 0.9)].mean())
    suites = next(x for x in bars if x.parameter == "evaluations.suites")
    assert (suites.low_at, suites.high_at) == ("verified", "release")


# The move to a new model


def test_shares_of_a_new_model_are_those_of_the_priors() -> None:
    """In the middle, at the end of the first day and in the course of it."""
    library = load_library()
    found = {x.id: x for x in adoption.moves(library, 1)}
    assert set(found) == {"pinned", "by-hand", "default-switch", "redirected"}
    for name, x in found.items():
        uptake = next(
            h.uptakes[name] for h in library.hypotheses.values() if name in h.uptake.names
        )
        exact = uptake.moved.quantile(np.array([0.05, 0.5, 0.95]))
        ends = (x.at_end.p05, x.at_end.median, x.at_end.p95)
        assert ends == pytest.approx(exact, abs=0.03)
        assert (x.low[-1], x.median[-1], x.high[-1]) == pytest.approx(ends)
        assert x.median[0] == 0
        assert list(x.median) == sorted(x.median)
        for low, middle, high in zip(x.low, x.median, x.high, strict=True):
            assert 0 <= low <= middle <= high <= 1
        assert x.during.median < x.at_end.median
    # evenly over the day: half of the share at its end, over the whole of it
    by_hand = found["by-hand"]
    assert by_hand.during.median == pytest.approx(by_hand.at_end.median / 2)
    assert by_hand.median[12] == pytest.approx(by_hand.median[24] / 2)


def test_a_move_at_once_has_its_share_all_day() -> None:
    library = load_library(None, ["default-switch.hours=0", "default-switch.moved=0.4"])
    at_once = next(x for x in adoption.moves(library, 1) if x.id == "default-switch")
    assert set(at_once.median) == {0.4}
    assert at_once.during.median == at_once.at_end.median == 0.4


def test_no_way_to_move_is_drawn_around_the_claim() -> None:
    """The claim is no likelier under any way than if every share were as likely."""
    _, limits = adoption.reported_move()
    even = limits.high - limits.low
    for x in load_library().hypotheses.values():
        for uptake in x.uptakes.values():
            u = (np.arange(10_000) + 0.5) / 10_000
            moved = uptake.moved.quantile(u)
            mass = ((moved >= limits.low) & (moved < limits.high)).mean()
            assert mass <= even + 0.001


def test_what_simulated_typologies_move_is_possible_in_their_explanation() -> None:
    """One set of beliefs: dials of scenarios lie within the priors that weigh their runs."""
    for x in load_library().hypotheses.values():
        for typology in x.typologies:
            uptake = typologies()[typology].defaults["uptake"]
            share = uptake["latest_share"] + (1 - uptake["latest_share"]) * uptake["share"]
            ends = [x.uptakes[name].moved.quantile(np.array([0.01, 0.99])) for name in x.uptakes]
            assert any(low <= share <= high or share == 0 for low, high in ends), typology


def test_the_reported_move_is_an_interval() -> None:
    claim, limits = adoption.reported_move()
    assert claim.id == "A9"
    assert limits == Interval(0.4, 0.5)


def test_odds_of_the_move_are_a_ratio_of_masses() -> None:
    library = load_library()
    instrument = EvidenceModel(library, 200, 0)
    found = next(
        x for x in adoption.switches(instrument, "extraction") if x.against == "product-use"
    )

    def mass(prior: Prior) -> float:
        if prior.uniform is not None:
            return 0.1 / (prior.uniform.high - prior.uniform.low)
        assert prior.beta is not None
        mean, n = prior.beta.mean, prior.beta.n
        made = stats.beta(mean * n, (1 - mean) * n)
        return float(made.cdf(0.5) - made.cdf(0.4))

    uptakes = library.hypotheses["product-use"].uptakes
    accused = library.hypotheses["extraction"]
    own = sum(
        w * mass(accused.uptakes[name].moved)
        for name, w in zip(accused.uptake.names, accused.uptake.weights, strict=True)
    )
    switch = mass(uptakes["default-switch"].moved)
    rest = 0.6 * mass(uptakes["by-hand"].moved) + 0.4 * mass(uptakes["pinned"].moved)
    for weight in (0.0, 0.5, 1.0):
        exact = own / (weight * switch + (1 - weight) * rest)
        assert found.ratios[weight] == pytest.approx(exact, rel=0.02)


# Reproducible


def test_the_same_seed_gives_the_same_likelihoods() -> None:
    library = chosen(load_library(), ["benchmarking"], None)
    point = {"count": np.array([6.0]), "accounts": np.array([2.0])}
    first, again, other = (
        EvidenceModel(library, 500, seed).stated_fit("benchmarking").log_density(point)
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_an_explanation_draws_the_same_whoever_else_is_compared() -> None:
    alone = EvidenceModel(chosen(load_library(), ["benchmarking"], None), 300, 1)
    among = EvidenceModel(load_library(), 300, 1)
    assert np.array_equal(alone.base("benchmarking").counts, among.base("benchmarking").counts)


def test_held_out_draws_are_others(instrument: EvidenceModel) -> None:
    fresh = instrument.held_out("benchmarking", 300)
    assert not np.isin(fresh.counts[1], instrument.base("benchmarking").counts[1]).mean() > 0.2


def test_what_is_held_constant_is_drawn_so() -> None:
    h = with_constants(load_library().hypotheses["product-use"], users=10.0, days=3.0)
    drawn = EvidenceModel(
        Library({"product-use": h, "other": replace(h, id="other")}, (AS_STATED,)), 200, 1
    )
    assert set(drawn.base("product-use").parameters["product.users"]) == {10.0}


def test_an_observer_is_told_by_one_thread_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, another, told = Lock(), Event(), []

    def observe(done: int, _total: int) -> None:
        if inside.acquire(blocking=False):
            told.append(done)
            another.wait(0.2)  # until another thread comes, if one does
            inside.release()
        another.set()

    monkeypatch.setattr(EvidenceModel, "_draw_modes", lambda *_: ())
    model = EvidenceModel(chosen(load_library(), THREE, None), 100, 5, observe)
    in_threads(model.stated_mode_draws, model.ids)
    assert len(told) == 3
