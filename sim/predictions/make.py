"""Predictions of baselines: each learns from the fold `train` of a split, and scores `test`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from sim.arrays.types import Bools, Ints
from sim.detectors.baseline import Baseline, Found
from sim.detectors.seen import Seen, log_of_window
from sim.features.windows import Window
from sim.packs.examples import FEATURES, KEYS, Examples, Part
from sim.packs.manifest import records_of, stem_of
from sim.packs.on_this_machine import local, refuse_damaged
from sim.packs.pack import Pack
from sim.predictions.choice import Choice
from sim.predictions.table import rising, write_predictions

Labels = Literal["observed", "truth"]
# What is read of a pack; of its truth nothing, unless it is learned from.
_READ = ("log/", FEATURES, "labels_observed/", "splits")
_LEARNED = "truth/targets"


class Side(NamedTuple):
    """Accounts of one fold, in order of their identifier.

    Attributes
    ----------
    seen
        What a detector sees of them.
    entities
        What predictions call them, shape (accounts,): accounts, or examples.
    labels
        Which of them are sought, as far as a detector is told, shape (accounts,).
    """

    seen: Seen
    entities: Ints
    labels: Bools


class Logs:
    """The accounts of a pack as seen in its windows, each of which is opened once.

    Attributes
    ----------
    pack
        On this machine.
    """

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self._features = pack.pandas(FEATURES)
        self._made: dict[Window, Seen] = {}

    def side(self, examples: Examples, part: Part) -> Side:
        """Return the accounts of a part of a split, with what is seen of them.

        All examples of a part are of one window: that is how splits are made.
        """
        frame = self._features[self._features["example_id"].isin(part.example_ids)]
        ends = frame[["window_from", "window_to"]].iloc[0]
        seen = self.seen(Window(*(round(end.timestamp() * 1e6) for end in ends)))

        splits = self.pack.splits
        of_scheme = splits.loc[splits["split_scheme"] == examples.scheme, "entity_type"]
        named = part.example_ids if of_scheme.iloc[0] == "example" else part.account_ids
        order = np.argsort(part.account_ids)
        chosen = np.isin(seen.accounts, part.account_ids)
        return Side(seen.pick(chosen), named[order], part.labels[order])

    def seen(self, window: Window) -> Seen:
        """Return all accounts that sent something in a window."""
        if window not in self._made:
            self._made[window] = self._open(window)
        return self._made[window]

    def _open(self, window: Window) -> Seen:
        store, frame = self.pack.store, self._features
        files = [r for r in records_of(self.pack.manifest) if stem_of(r.path).startswith("log/")]
        log = log_of_window(store.folder, [store.folder / record.path for record in files], window)

        ends = [pd.to_datetime(end, unit="us", utc=True) for end in window]
        inside = (frame["window_from"] == ends[0]) & (frame["window_to"] == ends[1])
        features = frame[inside].sort_values("account_id").set_index("account_id")
        known = log.rows("SELECT account_id, org_id FROM log_accounts").set_index("account_id")
        return Seen(
            log,
            features.drop(columns=[name for name in KEYS if name != "account_id"]).astype(float),
            known["org_id"].loc[features.index].to_numpy(np.int64),
            *window,
        )


def detections(
    choice: Choice,
    pack: Pack,
    *,
    labels: Labels,
    seed: int,
    observe: Callable[[str], None] | None,
) -> Iterator[tuple[str, pd.DataFrame, str | None]]:
    """Yield name, predictions and file of one baseline after the other, which is written then.

    The parameters are those of `predict`; a detector that learned from the truth is called so.
    """
    made = predict(
        choice.baselines,
        pack,
        choice.splits,
        labels=labels,
        seed=seed,
        observe=observe or (lambda _: None),
    )
    for number, (baseline, frame) in enumerate(made):
        place = choice.places[number] if choice.places else None
        name = f"{baseline.name}-truth" if labels == "truth" else baseline.name
        if place is not None:
            about = {"detector": name, "labels": labels, "seed": str(seed)}
            write_predictions(frame, place, about)
        yield baseline.name, frame, place


def predict(
    baselines: Sequence[Baseline],
    pack: Pack,
    splits: Sequence[str],
    *,
    labels: Labels = "observed",
    seed: int = 0,
    observe: Callable[[str], None] = lambda _: None,
) -> Iterator[tuple[Baseline, pd.DataFrame]]:
    """Yield the predictions of baselines for splits of a pack, those of one after the other.

    Parameters
    ----------
    baselines
        From `sim.detectors.registry`.
    pack
        Of its truth nothing is read, unless it is learned from.
    splits
        Names of schemes, each of which gets predictions for all entities of its fold `test`.
    labels
        What is learned from: what a provider knows when it trains, or the truth.
    seed
        Of what baselines draw.
    observe
        Is told what comes next.

    Yields
    ------
    Baseline, pandas.DataFrame
        Columns `entity_id`, `score`, `at`, `cluster` and `split`, without those that a baseline
        has nothing to say of.

    Raises
    ------
    InvalidInputError
        If there is no such split, a file is missing or damaged, or the extra `detect` is missing.
    """
    with _opened(pack, labels) as logs:
        asked = {}
        for split in splits:
            observe(f"reads the split {split}")
            examples = logs.pack.examples(split, labels=labels)
            asked[split] = (logs.side(examples, examples.train), logs.side(examples, examples.test))

        answers = _Answers(asked, seed, observe)
        for baseline in baselines:
            frames = [
                predictions(answers.of(baseline, split), asked[split][1]).assign(split=split)
                for split in splits
            ]
            yield baseline, pd.concat(frames, ignore_index=True)


class _Answers:
    """What baselines found in splits; each is asked once, also if others go by its scores."""

    def __init__(
        self, asked: Mapping[str, tuple[Side, Side]], seed: int, observe: Callable[[str], None]
    ) -> None:
        self._asked, self._seed, self._observe = asked, seed, observe
        self._found: dict[tuple[str, str], Found] = {}

    def of(self, baseline: Baseline, split: str) -> Found:
        """Return what a baseline found in a split."""
        if (baseline.name, split) not in self._found:
            self._found[baseline.name, split] = self._find(baseline, split)
        return self._found[baseline.name, split]

    def _find(self, baseline: Baseline, split: str) -> Found:
        if baseline.combine is not None:
            return baseline.combine([self.of(member, split) for member in baseline.members])
        self._observe(f"{baseline.name} on {split}")
        learned, test = self._asked[split]
        return baseline.find(learned.seen, learned.labels, test.seen, self._seed)


@contextmanager
def _opened(pack: Pack, labels: Labels) -> Iterator[Logs]:
    """Yield the logs of a pack, of which what is read is whole and on this machine."""
    read = (*_READ, _LEARNED) if labels == "truth" else _READ
    with local(pack.store, lambda path: path.endswith(".json") or path.startswith(read)) as store:
        records = [r for r in records_of(pack.manifest) if r.path.startswith(read)]
        refuse_damaged(store, records, "nothing was learned")
        copy = Pack(store)
        for stem in dict.fromkeys(stem_of(record.path) for record in records):
            copy.dataset(stem)  # says which file is missing
        yield Logs(copy)


def predictions(found: Found, asked: Side) -> pd.DataFrame:
    """Return what a baseline found as a table of predictions.

    Parameters
    ----------
    found
        Of moments those are left out in which the score of an account did not rise.
    asked
        Whom it was asked about.

    Returns
    -------
    pandas.DataFrame
        Columns `entity_id`, `score`, and where the baseline says so `at` and `cluster`; in order of
        entity and time.
    """
    place, score = np.arange(len(asked.seen)), found.score
    at_us = np.full(len(place), asked.seen.to_us)
    if found.moments is not None:
        known = pd.Index(asked.seen.accounts).get_indexer(found.moments["account_id"])
        place, at_us, score = rising(
            np.append(known, place),
            np.append(found.moments["at_us"], at_us),
            np.append(found.moments["score"], score),
        )

    made = {"entity_id": asked.entities[place], "score": score}
    if found.moments is not None:
        made["at"] = pd.to_datetime(at_us, unit="us", utc=True)
    if found.cluster is not None:
        made["cluster"] = found.cluster[place]
    order = ["entity_id", *(["at"] if "at" in made else [])]
    return pd.DataFrame(made).sort_values(order, ignore_index=True)
