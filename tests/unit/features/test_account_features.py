"""Features of accounts, against what they are by hand on logs of a few rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.features.dials import FeatureDials
from sim.features.make import account_features
from sim.features.windows import Window
from sim.tables.database import RunTables
from tests.support.tiny_logs import CLOSES, OPENS, at, sent, tiny_log, us

WHOLE = Window(us(OPENS), us(CLOSES))


def features(tables: RunTables, window: Window = WHOLE, **dials: Any) -> Any:
    """Features by account."""
    made = account_features(tables, FeatureDials(**dials), [window])
    return made.to_pandas().set_index("account_id").sort_index()


def close(row: Any, **wanted: float) -> None:
    """Assert what an account shows, to the precision of a float32."""
    assert {name: row[name] for name in wanted} == pytest.approx(wanted, rel=1e-6)


def test_shares_and_means_of_exchanges(tmp_path: Path) -> None:
    tables = tiny_log(
        tmp_path,
        log_exchanges=[
            sent(1, 1, seconds=2, output_tokens=10, input_tokens_total=100, cost_usd=0.25),
            sent(1, 1.5, seconds=4, output_tokens=30, input_tokens_total=300, stream=True),
            sent(1, 7, seconds=6, http_status=429, finish_reason=None, resend_count=1),
            sent(1, 30, seconds=8, finish_reason="refusal", output_tokens=0, temperature=0.0),
        ],
    )
    row = features(tables).loc[1]
    close(row, exchanges=4, active_hours=3, night_share=0.5, duration_mean_s=5)
    close(row, answered_share=0.75, rate_limited_share=0.25, refused_share=0.25, retried_share=0.25)
    close(row, streamed_share=0.25, temperature_share=0.25, user_share=1, cost_usd=0.25)
    close(row, input_mean_tokens=100, output_mean_tokens=40 / 3, output_share=0.1)
    # of 10, 30 and 0: mean 40/3, mean square 1000/3
    close(row, output_variation=((1000 / 3 - (40 / 3) ** 2) ** 0.5) / (40 / 3))


def test_tokens_tools_and_networks(tmp_path: Path) -> None:
    cloud: dict[str, Any] = {"ip_hash": 0, "asn_type": None, "tcp_rtt_ms": None, "tls_rtt_ms": None}
    home: dict[str, Any] = {
        "ip_hash": 5,
        "asn_type": "hosting",
        "tcp_rtt_ms": 10.0,
        "tls_rtt_ms": 12.5,
    }
    tables = tiny_log(
        tmp_path,
        log_exchanges=[
            sent(1, 1, **cloud, n_messages=1, n_tool_defs=4, n_tool_calls_out=1),
            sent(1, 2, **home, n_messages=3, output_tokens=10, reasoning_tokens=5),
            sent(1, 3, **home, input_tokens_total=40, cache_read_tokens=10, conversation_id=3),
            sent(1, 4, **home, cache_write_5m_tokens=4, cache_write_1h_tokens=6, prompt_lang="fr"),
        ],
    )
    row = features(tables).loc[1]
    close(row, addresses=1, address_share=0.75, hosting_share=0.75, mobile_share=0)
    close(row, relay_mean_ms=2.5, tool_defs_mean=1, tool_calls_mean=0.25, messages_mean=1.5)
    close(row, reasoning_share=0.5, cache_read_share=0.25, cache_written_share=0.25)
    close(row, conversations=1, conversation_share=0.25, languages=2, new_prompt_share=0.25)


def test_pace(tmp_path: Path) -> None:
    tables = tiny_log(
        tmp_path,
        log_exchanges=[
            sent(1, 0, prompt_simhash64=0b0000),
            sent(1, 0.25, prompt_simhash64=0b0000),
            sent(1, 0.5, prompt_simhash64=0b0111),
            sent(1, 24, prompt_simhash64=(1 << 30) - 1),
        ],
    )
    row = features(tables).loc[1]
    close(row, active_days=2, span_days=1, gap_median_s=900, gap_q10_s=900, silence_days=23.5 / 24)
    close(row, sessions=2, session_mean=2, same_prompt_share=0.25, reworded_share=0.25)
    close(row, on_topic_share=0)


def test_what_accounts_use_and_have_in_common(tmp_path: Path) -> None:
    tables = tiny_log(
        tmp_path,
        log_exchanges=[
            *(sent(1, k, system_prompt_hash=1) for k in range(3)),
            sent(1, 4, system_prompt_hash=2),
            sent(2, 4, system_prompt_hash=2),
            {**sent(3, 5, system_prompt_hash=1), "org_id": 10},
        ],
    )
    made = features(tables, rare_accounts=2)
    close(made.loc[1], template_top_share=0.75, template_accounts=2)
    # template 1 is of one organisation
    close(made.loc[1], template_rare_share=0.25, template_rare_accounts=0.25)
    close(made.loc[2], template_top_share=1, template_accounts=2, template_rare_share=1)
    close(made.loc[3], template_accounts=2, template_rare_share=0)
    assert (made["address_accounts"] == 0).all()


def test_what_many_use_is_not_rare(tmp_path: Path) -> None:
    tables = tiny_log(tmp_path, log_exchanges=[sent(k, 1, ip_hash=4) for k in (1, 2, 3)])
    looks = ["address_rare_share", "address_rare_accounts"]
    assert (features(tables, rare_accounts=2)[looks] == 0).all(axis=None)
    assert (features(tables, rare_accounts=3)[looks] == [1, 2]).all(axis=None)


def test_accounts_that_send_the_same_in_one_hour(tmp_path: Path) -> None:
    tables = tiny_log(
        tmp_path,
        log_exchanges=[
            sent(1, 1.1, prompt_cluster=3),
            sent(1, 5.1, prompt_cluster=3),
            sent(2, 1.9, prompt_cluster=3),
            {**sent(3, 1.5, prompt_cluster=3), "org_id": 10},
            sent(4, 1.5, prompt_cluster=4),
        ],
    )
    made = features(tables)
    close(made.loc[1], together_share=0.5, together_mean=0.5)
    close(made.loc[2], together_share=1, together_mean=2)
    close(made.loc[4], together_share=0, together_mean=0)


def test_sign_up_and_organisation(tmp_path: Path) -> None:
    alike = {"org_id": 10, "signup_ip24": 8, "email_domain_hash": 6}
    tables = tiny_log(
        tmp_path,
        log_exchanges=[sent(1, 12, seconds=0)],
        log_accounts=[
            {"account_id": 1, **alike, "created_at": at(0), "signup_asn_type": "hosting"},
            {"account_id": 2, **alike, "created_at": at(60), "verification_level": "verified"},
            {"account_id": 3, **alike, "created_at": at(73), "signup_ip_hash": 5},
            {"account_id": 4, "org_id": 20, "created_at": at(-1), "platform": "azure"},
        ],
        log_credentials=[
            {"api_key_id": 1, "account_id": 1, "workspace_id": 1},
            {"api_key_id": 2, "account_id": 1, "workspace_id": 1, "revoked_at": at(1)},
        ],
    )
    row = features(tables).loc[1]
    close(row, age_days=4, is_new=1, quiet_days=0.5, by_cloud=0, signed_up_hosting=1, is_verified=0)
    close(row, signup_address_accounts=3, signup_network_accounts=3, signup_week_accounts=2)
    close(row, domain_accounts=3, organisation_accounts=3, organisation_verified=1)
    close(row, organisation_age_days=5, keys_made=2, keys_revoked=1, workspaces=1)

    row = features(tables, Window(us(at(6)), us(at(48)))).loc[1]
    close(row, age_days=2, is_new=0, quiet_days=0.25, organisation_accounts=1)
    close(row, organisation_verified=0)


def test_payments_and_measures(tmp_path: Path) -> None:
    tables = tiny_log(
        tmp_path,
        log_exchanges=[sent(1, 1), sent(2, 1), sent(3, 1)],
        log_orgs=[{"org_id": o, "declared_country": "FR"} for o in (10, 20, 30)],
        log_payment_instruments=[
            {"instrument_hash": 9, "type": "card", "bin_country": "DE"},
            {"instrument_hash": 8, "type": "credit", "bin_country": "FR"},
        ],
        log_account_payment=[
            {"account_id": 1, "instrument_hash": 9},
            {"account_id": 1, "instrument_hash": 8},
            {"account_id": 2, "instrument_hash": 9},
        ],
        log_payment_events=[
            {"account_id": 1, "kind": "charge", "usd": 1.5, "known_at": at(1)},
            {"account_id": 1, "kind": "charge", "usd": 2.0, "known_at": at(2)},
            {"account_id": 1, "kind": "dispute", "usd": 2.0, "known_at": at(3)},
            {"account_id": 1, "kind": "dispute", "usd": 2.0, "known_at": at(200)},
        ],
        log_enforcement_events=[{"account_id": 2, "at": at(1), "action": "step_up"}],
    )
    made = features(tables)
    close(made.loc[1], card_instruments=1, credit_instruments=1, prepaid_instruments=0)
    close(made.loc[1], instrument_accounts=2, instrument_organisations=2, abroad_instruments=1)
    close(made.loc[1], charge_payments=2, charged_usd=3.5, dispute_payments=1, step_up_measures=0)
    close(made.loc[2], abroad_instruments=1, charged_usd=0, step_up_measures=1)
    close(made.loc[3], card_instruments=0, instrument_accounts=0)
