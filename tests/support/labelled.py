"""A small pack with every split, for tests of what reads packs."""

from __future__ import annotations

from pathlib import Path

SCENARIO = """\
version: 1
name: few
seed: 1
level: easy
volume: 0.1
most_exchanges_per_account_day: 60
clock: {start: 2026-01-15, duration: 5 d}
world:
  events:
    - {kind: release, at: 3 d, model: claude-opus-4.6}
  enforcement: default
actors:
  - {id: coders, typology: L01, accounts: 80}
  - {id: gateway, typology: L05, accounts: 6, copies: 2}
  - {id: course, typology: L09, accounts: 20}
  - {id: sharers, typology: G12, accounts: 4, copies: 3}
  - {id: pool, typology: A16, accounts: 15, copies: 3}
  - id: pool-adaptive
    typology: A16
    accounts: 15
    copies: 3
    jitter_sigma: 0.6
    operator: {warm_up_days: 1, feedback_share: 0.6}
  - {id: cover, typology: A19, accounts: 15, copies: 2}
"""
RECIPE = """\
version: 1
name: labelled
title: A labelled pack
status: v0
published: 2026-03-01
scenario: few.yaml
seeds: [1, 2]
worlds: [1, 2]
prevalence: [0.01]
labels:
  rule: {new_days: 30, delay_h: 1}
  review: {per_day_per_1000: 100, verdict_days: 0.5, sensitivity: 0.9}
splits:
  time: {cut_off: 3 d, gap: 1 d}
"""


def written_recipe(folder: Path) -> Path:
    """Write the recipe and its scenario into a folder, and return the recipe."""
    (folder / "few.yaml").write_text(SCENARIO, encoding="utf-8")
    path = folder / "labelled.yaml"
    path.write_text(RECIPE, encoding="utf-8")
    return path
