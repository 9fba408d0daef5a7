"""Of which harmless accounts how many are flagged: by typology, and by kind of customer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.arrays.types import Array, Bools
from sim.catalog import typologies
from sim.scoring.answer import Answer
from sim.scoring.figures import Figure, Section
from sim.scoring.shares import figure, share

# Of fewer organisations nothing can be told.
LEAST_OWNERS = 5
_BELOW = "below the target"
_KINDS = {
    "platform": "platform",
    "verification_level": "verification of the account",
    "kyc_level": "verification of the organisation",
    "declared_country": "declared country",
    "signup_asn_type": "network at sign-up",
    "instrument": "means of payment",
}
_NOTE = (
    "Of negatives, by weight. Intervals are those of Wilson on the effective number of owners: "
    "accounts of an owner count as one. Twins are hard negatives: typologies made to look like "
    f"one that extracts. Slices of fewer than {LEAST_OWNERS} owners are named together."
)


def section(answer: Answer) -> Section:
    """Return the rate of false positives of each harmless typology and kind of customer."""
    asked = answer.asked
    figures = [_rate(answer, ~asked.target, "fpr", "", "all negatives")]
    kinds = asked.typology.copy()
    extracting = {key for key, kind in typologies().items() if kind.is_extraction}
    kinds[np.isin(kinds.astype(str), list(extracting))] = _BELOW
    figures += _slices(answer, kinds, "typology", _words_of_typologies())

    for column, words in _KINDS.items():
        if column in asked.customers:
            values = asked.customers[column].astype(str).to_numpy(dtype=object)
            figures += _slices(answer, values, column, {v: f"{words}: {v}" for v in set(values)})
    return Section("false_positives", "False positives", tuple(figures), _NOTE)


def _words_of_typologies() -> dict[str, str]:
    """Return what each harmless typology is called, with the typologies that it is a twin of."""
    known = typologies()
    words = {_BELOW: "of abusive typologies, below the target"}
    for key, kind in known.items():
        twins = sorted(
            k for k, other in known.items() if other.is_extraction and key in other.twins
        )
        words[key] = f"{kind.title} (twin of {', '.join(twins)})" if twins else kind.title
    return words


def _slices(answer: Answer, values: Array, kind: str, words: dict[str, str]) -> Iterator[Figure]:
    """Yield the rate of each value that enough owners have, and name the others."""
    asked, few = answer.asked, []

    for value in sorted(set(values[~asked.target])):
        chosen = ~asked.target & (values == value)
        owners = len(np.unique(asked.owner[chosen]))
        if owners < LEAST_OWNERS:
            few.append(f"{value} ({owners})")
            continue
        of = str(value) if kind == "typology" else f"{kind}={value}"
        yield _rate(answer, chosen, _id(kind, str(value)), of, words[value])

    if few:
        what = "typologies" if kind == "typology" else _KINDS[kind]
        yield Figure(
            _id(kind, ""),
            f"{what}: others",
            why_not=f"too few owners to tell: {', '.join(few)}",
            of=f"{kind}: others",
        )


def _id(kind: str, value: str) -> str:
    """Return the identifier of a rate: that of twins of what extracts is apart."""
    if kind != "typology":
        return "fpr_customer"
    extracting = [typology for typology in typologies().values() if typology.is_extraction]
    is_twin = any(value in typology.twins for typology in extracting)
    return "fpr_hard_negative" if is_twin else "fpr_typology"


def _rate(answer: Answer, chosen: Bools, name: str, of: str, words: str) -> Figure:
    """Return the weighted share of some harmless accounts that is flagged."""
    asked = answer.asked
    flagged = answer.flagged[chosen]
    made = share(flagged, asked.weight[chosen], asked.owner[chosen])
    owners = len(np.unique(asked.owner[chosen]))
    return figure(
        name,
        words,
        made,
        rests_on=f"{int(flagged.sum()):,} of {len(flagged):,} accounts, {owners:,} owners",
        why_not="they have no weight in the population",
        of=of,
    )
