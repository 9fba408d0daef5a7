"""Targets and weights, against what they are by hand on logs of a few rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from sim.errors import InvalidInputError
from sim.features.dials import FeatureDials
from sim.features.make import account_features
from sim.features.targets import target_tables
from sim.features.weights import sample_weights
from sim.features.windows import windows_of
from sim.tables.database import RunTables
from sim.tables.feature_schema import SAMPLE_WEIGHTS, TARGETS
from sim.tables.schema import arrow_schema
from tests.support.tiny_logs import CLOSES, OPENS, at, sent, tiny_log, us


def kinds(typologies: Sequence[str]) -> list[Mapping[str, Any]]:
    """Accounts 1, 2, ... of these typologies, in the truth."""
    return [{"account_id": k + 1, "typology_id": t} for k, t in enumerate(typologies)]


@pytest.fixture
def three(tmp_path: Path) -> RunTables:
    """An account that extracts at first, one that does once in twenty, and one that never does."""
    hours = [(1, k * 0.1, True) for k in range(10)]
    hours += [(1, 50 + k, k == 0) for k in range(10)]
    hours += [(2, k, k == 0) for k in range(20)]
    hours += [(3, 50, False)]
    # complete after the log closes
    exchanges = [sent(a, h) for a, h, _ in hours] + [sent(3, 95.9, seconds=3600)]
    return tiny_log(
        tmp_path,
        log_exchanges=exchanges,
        truth_exchanges=[
            {"exchange_id": k + 1, "is_extraction": x}
            for k, x in enumerate([*(x for _, _, x in hours), True])
        ],
        truth_accounts=[
            {"account_id": 1, "typology_id": "A15", "purpose": "extraction"},
            {"account_id": 2, "typology_id": "G13", "purpose": "resale"},
            {"account_id": 3, "typology_id": "A18", "purpose": "extraction"},
            {"account_id": 4, "typology_id": "A18", "purpose": "extraction"},
        ],
    )


def test_targets_of_accounts_and_examples(three: RunTables) -> None:
    windows = windows_of(us(OPENS), us(CLOSES), release_us=us(at(48)))
    table = target_tables(three, windows)
    assert table.schema == arrow_schema(TARGETS)
    found = table.to_pandas()
    whole = found[found["entity_type"] == "account"].set_index("entity_id")
    assert whole["account_id"].tolist() == whole.index.tolist() == [1, 2, 3]
    assert whole["extraction_share"].tolist() == pytest.approx([11 / 20, 1 / 20, 0])
    assert whole["target"].tolist() == [True, True, False]
    assert whole["any_extraction"].tolist() == [True, True, False]
    assert whole["half_extraction"].tolist() == [True, False, False]
    assert whole["abusive_typology"].tolist() == [True, False, True]
    assert whole["extraction_purpose"].tolist() == [True, False, True]

    examples = found[found["entity_type"] == "example"].set_index(["window_from", "account_id"])
    later = examples.loc[at(48)]
    assert later["extraction_share"].tolist() == pytest.approx([0.1, 0])
    assert later["half_extraction"].tolist() == [False, False]
    assert len(examples) == 3 + 2 + 2
    assert not target_tables(three, windows, 0.06).to_pandas()["target"][1]


def test_examples_are_those_of_the_features(three: RunTables) -> None:
    windows = windows_of(us(OPENS), us(CLOSES), cut_off_us=us(at(20)), gap_us=us(at(4)) - us(OPENS))
    targets = target_tables(three, windows).to_pandas()
    examples = targets[targets["entity_type"] == "example"]
    made = account_features(three, FeatureDials(), windows).to_pandas()
    assert set(examples["entity_id"]) == set(made["example_id"])
    named = examples.rename(columns={"entity_id": "example_id"})
    both = made.merge(named, on=["example_id", "account_id", "window_from", "window_to"])
    assert len(both) == len(made) == len(examples)


def weights(tables: RunTables, prevalence: float, **population: float) -> list[float]:
    """Weights of the accounts at one prevalence, in the order of their numbers."""
    made = sample_weights(tables, [prevalence], population or None)
    assert made.schema == arrow_schema(SAMPLE_WEIGHTS)
    return list(made["weight"].to_pylist())


def test_weights_by_hand_on_ten_accounts(tmp_path: Path) -> None:
    # the eleventh sent nothing
    typologies = ["L01"] * 4 + ["L09"] * 2 + ["A15"] * 3 + ["A18"] + ["A18"]
    tables = tiny_log(
        tmp_path,
        log_exchanges=[sent(k, 1) for k in range(1, 11)],
        truth_accounts=kinds(typologies),
    )
    found = weights(tables, 0.1, L01=0.6, L09=0.2, L02=0.2)
    # L01 and L09 make up 0.9 as 3 to 1; A15 and A18 have 0.05 each; ten accounts in all
    by_hand = [10 * 0.675 / 4] * 4 + [10 * 0.225 / 2] * 2 + [10 * 0.05 / 3] * 3 + [10 * 0.05]
    assert found == pytest.approx(by_hand)
    assert sum(found) == pytest.approx(10)

    both = sample_weights(tables, [0.1, 0.001]).to_pandas()
    assert both["prevalence"].tolist() == [0.001] * 10 + [0.1] * 10
    rare = both[both["prevalence"] == 0.001]
    assert rare["weight"][6:].sum() == pytest.approx(0.01)
    assert rare["weight"].sum() == pytest.approx(10)
    assert sample_weights(tables, []).num_rows == 0


@pytest.mark.parametrize(
    ("typologies", "population", "message"),
    [
        (
            ["L01", "L09"],
            {},
            "prevalence 0.01 cannot be reached: no account that sent something has a typology that "
            "extracts; add such accounts, or give the log a longer clock",
        ),
        (
            ["A15"],
            {},
            "prevalence 0.01 cannot be reached: all accounts that sent something have typologies "
            "that extract; add others, or give the log a longer clock",
        ),
        (
            [],
            {},
            "prevalence 0.01 cannot be reached: no account sent anything; give the log a longer "
            "clock or more accounts",
        ),
        (
            ["L01", "L02", "L09", "A15"],
            {"L01": 1.0},
            "population: has no share for L02, L09, which the log has; give them one, 0 if they "
            "should not count",
        ),
        (
            ["L01", "A15"],
            {"L01": 0.0},
            "population: all typologies of the log that do not extract have the share 0 (L01); "
            "one of them should have more",
        ),
    ],
)
def test_what_cannot_be_reached_is_refused(
    tmp_path: Path, typologies: list[str], population: dict[str, float], message: str
) -> None:
    tables = tiny_log(
        tmp_path,
        log_exchanges=[sent(k + 1, 1) for k in range(len(typologies))],
        truth_accounts=kinds(typologies),
    )
    with pytest.raises(InvalidInputError) as caught:
        weights(tables, 0.01, **population)
    assert str(caught.value) == message
