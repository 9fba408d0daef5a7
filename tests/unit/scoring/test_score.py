"""A score put together on a pack: planted detectors, what it says, and what it refuses."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.errors import InvalidInputError
from sim.packs.pack import Pack
from sim.predictions.table import Predictions, read_predictions
from sim.scoring import ranking
from sim.scoring.asked import Asked, asked_of, owners_of, scaled
from sim.scoring.figures import Figure, Section
from sim.scoring.judge import answer_of, score, score_all
from sim.scoring.score import Score
from sim.scoring.score_text import text_of

SECTIONS = [
    "ranking",
    "calibration",
    "alarms_a_day",
    "campaigns",
    "clusters",
    "delay",
    "false_positives",
    "robustness",
]


@pytest.fixture(scope="module")
def pack(labelled: Path) -> Pack:
    return Pack(labelled)


@pytest.fixture(scope="module")
def asked(pack: Pack) -> Asked:
    return asked_of(pack, "campaign", 0.01)


@pytest.fixture(scope="module")
def perfect(asked: Asked) -> Predictions:
    return Predictions("perfect", "campaign", asked.ids, asked.target.astype(float))


@pytest.fixture(scope="module")
def best(perfect: Predictions, pack: Pack) -> Score:
    return score(perfect, pack, rounds=40)


def figure(found: Score, name: str, of: str = "") -> Figure:
    return found.figure(name, of)


# The truth that is asked


def test_the_truth_is_that_of_the_pack(pack: Pack, asked: Asked) -> None:
    """The same entities, targets and owners as `Pack.examples` has, in order of identifier."""
    part = pack.examples("campaign").test
    order = np.argsort(part.account_ids)
    assert np.array_equal(asked.ids, part.account_ids[order])
    assert np.array_equal(asked.target, pack.targets(part)[order])
    assert np.array_equal(asked.operator, pack.owners(part)[order])
    assert (asked.from_us, asked.to_us) == (pack.recipe.opens_us, pack.recipe.closes_us)

    weights = pack.weights(part, 0.01)[order]
    for side, share in ((asked.target, 0.01), (~asked.target, 0.99)):
        assert asked.weight[side].sum() == pytest.approx(share)
        assert np.allclose(asked.weight[side] / weights[side], share / weights[side].sum())


def test_examples_are_asked_in_their_window(pack: Pack) -> None:
    part = pack.examples("time").test
    order = np.argsort(part.example_ids)
    late = asked_of(pack, "time", 0.01)
    assert np.array_equal(late.ids, part.example_ids[order])
    assert np.array_equal(late.account_ids, part.account_ids[order])
    assert np.array_equal(late.target, pack.targets(part)[order])
    assert pack.recipe.opens_us < late.from_us < late.to_us == pack.recipe.closes_us


def test_exchanges_that_extract_make_the_target(asked: Asked) -> None:
    """Of an account that is sought some exchange extracts; all are in the window, in order."""
    place, at_us = asked.extracting
    assert set(np.flatnonzero(asked.target)) <= set(place.tolist())
    assert (asked.from_us <= at_us).all()
    assert (at_us < asked.to_us).all()
    assert np.array_equal(np.lexsort((at_us, place)), np.arange(len(place)))


def test_customers_and_campaigns_are_told_of_each(asked: Asked) -> None:
    assert len(asked.customers) == len(asked)
    assert set(asked.customers["kyc_level"]) <= {"verified", "unverified"}
    assert set(asked.campaigns.index) == set(asked.campaign) - {0}


def test_owners_are_joined_by_operators_and_organisations() -> None:
    """The first two have an operator, the next two an organisation; the last has both of its own.

    The fifth joins these pairs.
    """
    operator, org = np.array([1, 1, 2, 3, 1, 4]), np.array([10, 11, 12, 12, 12, 13])
    owner = owners_of(operator, org)
    assert len(set(owner[:5])) == 1
    assert owner[5] != owner[0]
    assert len(set(owners_of(operator[:4], org[:4]))) == 2


def test_a_side_without_weight_has_none() -> None:
    made = scaled(np.array([0.0, 1.0, 3.0]), np.array([True, False, False]), 0.2)
    assert np.isnan(made[0])
    assert made[1:] == pytest.approx([0.2, 0.6])


# Planted detectors


def test_a_perfect_detector_is_perfect(best: Score) -> None:
    for name in ("pr_auc", "auc", "campaign_recall_50"):
        assert figure(best, name).value == 1, name
    assert figure(best, "fpr").value == 0
    assert figure(best, "precision_at_1_a_day").value == pytest.approx(1)


def test_a_random_detector_is_random(asked: Asked) -> None:
    """Its mean area is one half, and its intervals hold that."""
    rng = np.random.default_rng(1)
    areas = []
    for _ in range(20):
        chance = Predictions("chance", "campaign", asked.ids, rng.random(len(asked)))
        answer = answer_of(chance, asked, fpr=0.01, rounds=40, seed=0)
        areas += [f for f in ranking.section(answer).figures if f.id == "auc"]
    assert np.mean([a.value for a in areas]) == pytest.approx(0.5, abs=0.08)
    holds = [a.low is None or (a.low <= 0.5 <= a.high) for a in areas]  # type: ignore[operator]
    assert np.mean(holds) >= 0.7


def test_scores_that_are_equal_rank_nothing(pack: Pack, perfect: Predictions) -> None:
    flat = score(replace(perfect, score=np.zeros(len(perfect.ids))), pack, rounds=0)
    assert figure(flat, "auc").value == pytest.approx(0.5)
    assert figure(flat, "pr_auc").value == pytest.approx(0.01)
    assert "All scores are equal: nothing is ranked." in flat.notes


# What a score says


def test_sections_come_in_order_and_figures_have_names_of_their_own(best: Score) -> None:
    assert [section.id for section in best.sections] == SECTIONS
    names = [(f.id, f.of) for section in best.sections for f in section.figures]
    assert len(names) == len(set(names))
    assert best.curves[0].id == "precision_recall"
    assert (best.pack, best.level, best.split) == ("labelled", "easy", "campaign")


def test_what_has_no_value_says_why(best: Score) -> None:
    for section in best.sections:
        for each in section.figures:
            assert (each.value is None) <= bool(each.why_not), each
            assert each.value is None or np.isfinite(each.value), each
            if each.low is not None and each.high is not None and each.value is not None:
                assert each.low <= each.value + 1e-9, each
                assert each.high >= each.value - 1e-9, each


def test_a_score_survives_json_and_is_the_same_again(
    best: Score, pack: Pack, perfect: Predictions
) -> None:
    data = best.to_dict()
    assert data["schema_version"] == 1
    assert Score.from_dict(json.loads(json.dumps(data, allow_nan=False))).to_dict() == data
    assert score(perfect, pack, rounds=40).to_dict() == data
    with pytest.raises(ValueError, match="schema_version: 2, not 1"):
        Score.from_dict({**data, "schema_version": 2})


def test_a_figure_that_is_not_there_says_which_are(best: Score) -> None:
    assert best.find("fpr", "L01") is None
    for names, message in (
        (("pr_aucc",), "the score has no figure pr_aucc; did you mean pr_auc or auc?"),
        (("purity", "A9"), "the score has no figure purity of A9; it has that of all (no slice)"),
    ):
        with pytest.raises(InvalidInputError) as caught:
            best.figure(*names)
        assert str(caught.value) == message
    with pytest.raises(InvalidInputError, match=r"has no figure zzz; known: prevalence, pr_auc, "):
        best.figure("zzz")
    slices = [
        x for section in best.sections for x in section.figures if x.id == "fpr_hard_negative"
    ]
    with pytest.raises(InvalidInputError, match=r"; of it there is fpr_hard_negative$"):
        best.figure("fpr", slices[0].of)


def test_text_begins_with_what_one_wants_first(best: Score) -> None:
    _, heads, *lines = best.to_text().split("\n")
    assert heads.split() == ["what", "figure", "95", "%"]
    assert [line.split("  ")[0] for line in lines[:4]] == [
        "PR-AUC, where a guess has 0.010",
        "recall at FPR 1e-2",
        "campaigns with a tenth of their accounts flagged",
        "share of the extraction that got away",
    ]
    assert lines[4].startswith("false positives of the worst hard negative: ")


def test_text_is_short_if_not_asked_to_be_full(best: Score) -> None:
    short, full = best.to_text(), best.to_text(full=True)
    assert "platform: " in full
    assert "platform: " not in short
    assert "--full" in short
    assert "--full" not in full
    assert "Whether scores are probabilities" in short


def test_what_has_to_be_known_is_said_once(best: Score) -> None:
    text = text_of([best, best])
    for section in best.sections:
        if section.note:
            assert text.count(section.note[:40]) == 1
    assert text.count("\nHow well it ranks\n") == 2


def test_a_section_of_which_nothing_was_measured_is_a_line(best: Score) -> None:
    nothing = Section("x", "Clusters", (Figure("purity", "purity", why_not="none"),), "A note.")
    text = text_of([replace(best, sections=(nothing,))])
    assert "\nClusters: not measured: none\nA note.\n" in text


def test_text_fits_its_width(best: Score) -> None:
    for width in (60, 100):
        lines = best.to_text(width).split("\n")
        assert max(map(len, lines)) <= width
    assert lines[0] == (
        "perfect on labelled (easy), split campaign: prevalence 0.01, flagged at FPR 0.01"
    )
    assert repr(best) == best.to_text().rstrip("\n")


def test_without_rounds_there_are_no_intervals(pack: Pack, perfect: Predictions) -> None:
    plain = score(perfect, pack, rounds=0)
    assert figure(plain, "auc").low is None
    assert plain.curves[0].low is None


def test_several_splits_are_compared_with_campaign(pack: Pack) -> None:
    frames = [
        pd.DataFrame({"entity_id": a.ids, "score": a.target * 1.0, "split": split})
        for split in ("campaign", "time", "world-held-out")
        for a in [asked_of(pack, split, 0.01)]
    ]
    read = read_predictions(pd.concat(frames), pack)
    scores = score_all(read, pack, rounds=0)
    assert [s.split for s in scores] == ["campaign", "time", "world-held-out"]
    assert [s.section("splits") is not None for s in scores] == [True, False, False]
    assert figure(scores[0], "drop_auc", "time").value == 0


# What is refused


def test_a_damaged_page_is_no_fault_of_the_program(
    labelled: Path, perfect: Predictions, tmp_path: Path
) -> None:
    """Of the same size, so that it shows only when it is read."""
    shutil.copytree(labelled, tmp_path / "pack")
    part = tmp_path / "pack" / "log" / "exchanges" / "part-00000.parquet"
    content = bytearray(part.read_bytes())
    content[4:40] = bytes(0xFF for _ in range(36))
    part.write_bytes(content)
    with pytest.raises(InvalidInputError, match=r"pack: cannot be read: .*`sim verify`"):
        score(perfect, Pack(tmp_path / "pack"), rounds=0)


def test_a_pack_without_truth_cannot_be_scored(
    labelled: Path, perfect: Predictions, tmp_path: Path
) -> None:
    shutil.copytree(labelled, tmp_path / "sealed")
    shutil.rmtree(tmp_path / "sealed" / "truth")
    with pytest.raises(InvalidInputError) as caught:
        score(perfect, Pack(tmp_path / "sealed"))
    assert str(caught.value) == f"{tmp_path / 'sealed'}: its truth was taken away"


def test_settings_are_refused_at_once(pack: Pack, perfect: Predictions) -> None:
    with pytest.raises(InvalidInputError) as caught:
        score(perfect, pack, fpr=1, rounds=3, seed=-1)
    assert str(caught.value).split("\n") == [
        "fpr: should be above 0 and below 1, found 1",
        "rounds: should be 0, for no intervals, or 20 to 10,000, found 3",
        "seed: should be 0 or more, found -1",
    ]
    with pytest.raises(InvalidInputError) as caught:
        score(perfect, pack, prevalence=0.5)
    assert str(caught.value) == (
        f"{pack.store}: no weights for a prevalence of 0.5; the recipe has 0.01"
    )
