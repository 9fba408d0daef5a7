"""The datasheet of a pack: the questions of Gebru et al., answered.

Gebru, Morgenstern, Vecchione, Vaughan, Wallach, Daume III and Crawford (2021), "Datasheets for
datasets", Communications of the ACM 64 (12), 86-92.
"""

from __future__ import annotations

from collections.abc import Iterator

from sim._version import __version__
from sim.documents.printable import printable
from sim.packs.cards.wording import (
    LICENCE,
    LICENCE_URL,
    LIMITS,
    MUST_NOT,
    TRUTH,
    WHY_LICENCE,
    audit_words,
    biases,
    purpose,
    remake,
    target_words,
    upkeep,
    what_it_holds,
)
from sim.packs.facts import PackFacts

Answers = tuple[tuple[str, str], ...]
_SIMULATED = "No: everything is simulated, and nobody real is in it."
_NOBODY = "Nobody was asked, because the data are about nobody: they are simulated."


def datasheet(facts: PackFacts) -> str:
    """Return the datasheet in Markdown."""
    return "\n".join(
        (
            f"# Datasheet: {printable(facts.recipe.title)}",
            "",
            "The questions are those of Gebru et al. (2021), *Datasheets for datasets*, "
            "Communications of the ACM 64 (12).",
            "",
            *_section("Motivation", _motivation(facts)),
            *_section("Composition", _composition(facts)),
            *_section("Collection", _collection(facts)),
            *_section("Preprocessing, cleaning, labelling", _preprocessing(facts)),
            *_section("Uses", _uses(facts)),
            *_section("Distribution", _distribution()),
            *_section("Maintenance", _maintenance(facts)),
        )
    )


def _section(title: str, answers: Answers) -> Iterator[str]:
    """Yield a section: each question as a heading, with its answer below."""
    yield from (f"## {title}", "")
    for question, answer in answers:
        yield from (f"**{question}**", "", answer, "")


def _motivation(facts: PackFacts) -> Answers:
    return (
        ("For what purpose was the dataset created?", purpose(facts)),
        (
            "Who created the dataset, and on behalf of which entity?",
            f"Whoever ran `sim` {__version__}, an open simulator by the sim developers, on no "
            "company's behalf.",
        ),
        ("Who funded the creation of the dataset?", "Nobody in particular."),
        ("Any other comments?", "No figure in it is a fact about a company."),
    )


def _composition(facts: PackFacts) -> Answers:
    exchanges = facts.rows.get("log/exchanges", 0)
    return (
        (
            "What do the instances represent?",
            "HTTP exchanges between simulated clients and a simulated provider of language "
            "models; accounts, organisations, keys and payment instruments; and examples, which "
            "are accounts in a window of time.",
        ),
        ("How many instances are there in total?", f"{what_it_holds(facts)}."),
        (
            "Does the dataset contain all possible instances or is it a sample?",
            "A sample, stratified by typology: abusive accounts, and harmless ones that look like "
            "them, are more frequent than in a population. `truth/sample_weights` gives weights "
            "for stated prevalences.",
        ),
        (
            "What data does each instance consist of?",
            f"Of an exchange its times, models, token counts, hashes, network and client "
            f"({len(facts.schemas['log/exchanges']) if exchanges else 0} columns); there are no "
            "texts. Of an example counts, shares and relations that were known when its window "
            "closed. `croissant.json` describes each column.",
        ),
        ("Is there a label or target associated with each instance?", target_words(facts)),
        (
            "Is any information missing from individual instances?",
            "On purpose: labels come late or never, and the provider's view of networks, sharing "
            "and countries has errors. The truth is complete, and lies apart.",
        ),
        (
            "Are relationships between individual instances made explicit?",
            "As far as a provider sees them, in `log/edges_observed` and by shared identifiers, "
            "with missing and false links; the real ones are in `truth/links`.",
        ),
        (
            "Are there recommended data splits?",
            _split_words(facts),
        ),
        (
            "Are there any errors, sources of noise, or redundancies in the dataset?",
            "Observed labels and enrichment are noisy by design, with the dials that "
            "`manifest.json` holds. " + audit_words(facts),
        ),
        (
            "Is the dataset self-contained, or does it link to external resources?",
            "It is self-contained.",
        ),
        ("Does the dataset contain data that might be considered confidential?", _SIMULATED),
        (
            "Does the dataset contain data that might be offensive or cause anxiety?",
            "No: it holds no texts and no pictures.",
        ),
        ("Does the dataset identify any subpopulations?", "Countries of networks; nobody's."),
        (
            "Is it possible to identify individuals from the dataset?",
            "No: identifiers are hashes of numbers.",
        ),
        ("Does the dataset contain data that might be considered sensitive?", _SIMULATED),
        ("Any other comments?", TRUTH),
    )


def _split_words(facts: PackFacts) -> str:
    """Return which splits there are."""
    schemes = [f"`{name}`" for name, known in facts.splits.items() if not known.get("left_out")]
    return f"Yes, in `splits.parquet`: {', '.join(schemes)}. `random-rows` is a warning."


def _collection(facts: PackFacts) -> Answers:
    recipe = facts.recipe
    clock = recipe.scenarios[0].clock
    names = ", ".join(dict.fromkeys(f"`{scenario.name}`" for scenario in recipe.scenarios))
    return (
        (
            "How was the data associated with each instance acquired?",
            f"It was simulated, event by event, from the scenarios {names}.",
        ),
        (
            "What mechanisms or procedures were used to collect the data?",
            f"The simulator sim {__version__}. {remake(facts)} Sessions of coding agents follow "
            "a library of recorded calls as numbers (an open trace under Apache-2.0); all else is "
            "drawn from distributions, whose values the catalogue gives with status and source.",
        ),
        (
            "If the dataset is a sample, what was the sampling strategy?",
            "So many accounts of each typology as the scenarios say, not as many as a population "
            "has.",
        ),
        ("Who was involved in the data collection, and how were they compensated?", "Nobody."),
        (
            "Over what timeframe was the data collected?",
            f"Simulated time from {clock.start:%Y-%m-%d} on, "
            f"{clock.duration_us / 86_400e6:g} days; labels come up to 180 days later.",
        ),
        ("Were any ethical review processes conducted?", "No; no person is involved."),
        ("Did you collect the data from the individuals in question directly?", _NOBODY),
        ("Were the individuals in question notified about the data collection?", _NOBODY),
        ("Did the individuals in question consent to the collection and use?", _NOBODY),
        ("Was there a mechanism to revoke consent?", _NOBODY),
        (
            "Has an analysis of the potential impact on data subjects been conducted?",
            "There are no data subjects. People may be judged by a detector that was trained on "
            "the data; the uses that are ruled out below are there for them.",
        ),
        ("Any other comments?", "None."),
    )


def _preprocessing(facts: PackFacts) -> Answers:
    return (
        (
            "Was any preprocessing, cleaning or labelling of the data done?",
            "Simulations were merged into one log in order of time. Features were computed from "
            "what was known at the end of each window. Labels were simulated as a provider would "
            "come by them; the truth needs no labelling.",
        ),
        (
            "Was the raw data saved in addition to the preprocessed data?",
            "Yes: `log/` is what everything else is made from.",
        ),
        (
            "Is the software that was used available?",
            f"Yes: sim {__version__}, Apache-2.0; versions of all libraries stand in "
            "`manifest.json`.",
        ),
        ("Any other comments?", remake(facts)),
    )


def _uses(facts: PackFacts) -> Answers:
    return (
        (
            "Has the dataset been used for any tasks already?",
            "By the developers of the software, to measure how hard it is for a detector of "
            "single accounts and for one of relations."
            if facts.is_shipped
            else "Whoever made it knows.",
        ),
        ("Is there a repository that links to papers or systems that use it?", "No."),
        (
            "What other tasks could the dataset be used for?",
            "Learning from positive and unlabelled data, from delayed labels, and on graphs; "
            "budgeting of analysts; counting of exchanges under unlike conventions; tests of "
            "pipelines for logs.",
        ),
        (
            "Is there anything about the composition or collection that might impact future uses?",
            " ".join((*LIMITS, *biases(facts))),
        ),
        (
            "Are there tasks for which the dataset should not be used?",
            "\n".join(f"- {each}" for each in MUST_NOT),
        ),
        ("Any other comments?", "None."),
    )


def _distribution() -> Answers:
    return (
        (
            "Will the dataset be distributed to third parties?",
            "It may be; anybody can make it, too.",
        ),
        (
            "How will the dataset be distributed?",
            "As a folder or one archive; `datasets`, pandas, polars and DuckDB read it as it is.",
        ),
        ("When will the dataset be distributed?", "From the day on which it was made."),
        (
            "Will it be distributed under a copyright or other licence, or terms of use?",
            f"[{LICENCE}]({LICENCE_URL}). {WHY_LICENCE}",
        ),
        (
            "Have any third parties imposed restrictions on the data?",
            "No. The library of recorded calls that sessions follow is Apache-2.0, and no row of "
            "it is in the data.",
        ),
        ("Do any export controls or other regulatory restrictions apply?", "None are known."),
        ("Any other comments?", "None."),
    )


def _maintenance(facts: PackFacts) -> Answers:
    return (
        ("Who will be supporting, hosting and maintaining the dataset?", "Whoever publishes it."),
        (
            "How can the owner, curator or manager of the dataset be contacted?",
            "Through the repository of the software.",
        ),
        ("Is there an erratum?", "The change log of the software."),
        ("Will the dataset be updated?", upkeep(facts)),
        (
            "If the dataset relates to people, are there limits on the retention of the data?",
            "It does not.",
        ),
        (
            "Will older versions of the dataset continue to be supported?",
            "The software of their day makes them again.",
        ),
        (
            "Is there a mechanism for others to extend, augment or contribute to the dataset?",
            "A recipe is a YAML file: change it, and make a pack of another name.",
        ),
        ("Any other comments?", "None."),
    )
