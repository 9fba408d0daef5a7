"""What single scenarios are asked, beside what all are asked (`asked.py`)."""

from __future__ import annotations

from tools.scenario_outcomes.measures import (
    Line,
    counted,
    line,
    number,
    of,
    percent,
    percent_of_sum,
    ratio,
)

_BAD_HOURS = "hour IN (38, 39)"
_HALVED = "hour BETWEEN 48 AND 67"
_BY_NEW_MODEL = "model_served = 'claude-opus-4.6'"

_EXTRACTION = (
    line(
        "extract: {} of the accounts that send something",
        percent(
            "extraction_share > 0", "account_id IN (SELECT account_id FROM volumes)", "accounts"
        ),
    ),
    line("extract: {} of the exchanges", percent("is_extraction")),
)
LINES: dict[str, tuple[Line, ...]] = {
    "barred_region": tuple(
        line(
            f"{actor}: addresses {{}}, countries {{}}, answered exchanges (C2) of an account {{}}; "
            "{} of the accounts have a card that others use too",
            number("count(DISTINCT ip_hash)", of(actor)),
            number("count(DISTINCT geo_country)", of(actor)),
            number("count(*) / count(DISTINCT account_id)", f"{of(actor)} AND http_status = 200"),
            percent("accounts_of_card > 1", of(actor), "cards"),
        )
        for actor in ("own-accounts", "through-reseller")
    ),
    "benchmark_thirty_runs": (
        line(
            "refused for the limits of the tier (429): {} of the attempts",
            percent("http_status = 429"),
        ),
    ),
    "coding_users": (
        line("exchanges for a user turn (C1 / C5): {} on average", ratio("C1", "C5")),
        line("exchanges for a task: {} at the median", number("median(exchanges)", table="tasks")),
        line(
            "the busiest tenth of the accounts sends {} of the exchanges",
            percent_of_sum("n * CAST(place <= 0.1 AS INT)", "n", table="ranked_volumes"),
        ),
    ),
    "coordinated_pool": (
        line(
            "the busiest account of the pool sends {} exchanges, of the coders {}",
            number("max(n)", of("pool"), "volumes"),
            number("max(n)", of("coders"), "volumes"),
        ),
        line(
            "the middle account of the pool sends {} exchanges, of the coders {}",
            number("median(n)", of("pool"), "volumes"),
            number("median(n)", of("coders"), "volumes"),
        ),
    ),
    "hydra_20000": (
        line(
            "accounts of hydra: banned {}, replacements {}",
            number("count(*)", f"{of('hydra')} AND action = 'ban'", "events"),
            number("count(*)", f"{of('hydra')} AND generation > 0", "accounts"),
        ),
        line(
            "hydra got {} answered exchanges of {} that it wanted",
            number("sum(achieved)", of("hydra"), "actors"),
            number("sum(requested)", of("hydra"), "actors"),
        ),
        line("hydra sends {} of all exchanges", percent(of("hydra"))),
    ),
    "extraction_bench": _EXTRACTION,
    "incident": (
        line(
            "end with 529: {} of the attempts in the two bad hours, {} of those at other times",
            percent("http_status = 529", _BAD_HOURS),
            percent("http_status = 529", f"NOT {_BAD_HOURS}"),
        ),
        line(
            "attempts for a call: {} in the two bad hours, {} at other times",
            number("count(*) / count(DISTINCT coalesce(attempt_of, exchange_id))", _BAD_HOURS),
            number(
                "count(*) / count(DISTINCT coalesce(attempt_of, exchange_id))", f"NOT {_BAD_HOURS}"
            ),
        ),
        line("tasks given up: {}", number("count(*)", "state = 'given_up'", "tasks")),
        line(
            "refused for limits (429) while they are cut: {} of the attempts of the pool, {} of "
            "those of the coders; at other times {} and {}",
            percent("http_status = 429", f"{of('pool')} AND {_HALVED}"),
            percent("http_status = 429", f"{of('coders')} AND {_HALVED}"),
            percent("http_status = 429", f"{of('pool')} AND NOT {_HALVED}"),
            percent("http_status = 429", f"{of('coders')} AND NOT {_HALVED}"),
        ),
    ),
    "launch_day": tuple(
        line(
            f"served by the new model {when}: {{}} of the exchanges of product-users, {{}} of "
            "pool, {} of laboratory",
            *(
                percent(_BY_NEW_MODEL, f"{of(actor)} AND {where}")
                for actor in ("product-users", "pool", "laboratory")
            ),
        )
        for when, where in (
            ("within 24 hours of the release", "day = 2"),
            ("from 24 to 48 hours after it", "day = 3"),
        )
    ),
    "permitted_distillation": (
        line(
            "system prompts: {} of permitted (four operators), {} of bulk (two), {} of pool (one)",
            *(
                number("count(DISTINCT system_prompt_hash)", of(actor))
                for actor in ("permitted", "bulk", "pool")
            ),
        ),
        line(
            "tokens of an answer at the median: {} of permitted, {} of bulk, {} of pool",
            *(
                number("median(output_tokens)", f"{of(actor)} AND http_status = 200")
                for actor in ("permitted", "bulk", "pool")
            ),
        ),
    ),
    "rate_limited_benchmark": (
        line("refused for limits (429): {} of the attempts", percent("http_status = 429")),
        line("finished: {} of the tasks", percent("state = 'finished'", table="tasks")),
    ),
    "reasoning_traces": (
        line(
            "of the output tokens {} are reasoning for thinking, {} for plain",
            percent_of_sum("reasoning_tokens", "output_tokens", of("thinking")),
            percent_of_sum("reasoning_tokens", "output_tokens", of("plain")),
        ),
        line(
            "dollars for a thousand answered exchanges: {} for thinking, {} for plain",
            *(
                number("1000 * sum(cost_usd) / count(*) FILTER (http_status = 200)", of(actor))
                for actor in ("thinking", "plain")
            ),
        ),
    ),
    "refused_campaign": (
        line(
            "answers to use (C4): {} of refused, {} of answered",
            counted("C4", "refused"),
            counted("C4", "answered"),
        ),
    ),
    "reported_2026_02": (
        line(
            "answered (C2): {} of laboratory, {} of pool-middle",
            counted("C2", "laboratory"),
            counted("C2", "pool-middle"),
        ),
    ),
    "reported_2026_09": (
        line("pool-151m sends {} of all exchanges", percent(of("pool-151m"))),
        line("answered (C2) of laboratory: {}", counted("C2", "laboratory")),
    ),
    "separability": _EXTRACTION,
    "snitchbench_full_run": (
        line(
            "answered exchanges (C2) of a pass by one model: {}",
            number("count(*) / 100", "http_status = 200"),
        ),
        line("answered exchanges for a message: {}", ratio("C2", "C6")),
    ),
    "thirty_swe_bench_runs_through_a_gateway": (
        line(
            "accounts that the laboratory sends through and that are the gateway's: {}",
            number(
                "count(DISTINCT account_id)",
                f"{of('laboratory')} AND account_id IN "
                f"(SELECT account_id FROM accounts WHERE {of('gateway')})",
            ),
        ),
    ),
    "worked_example": (line("exchanges (C1) for a user turn (C5): {}", ratio("C1", "C5")),),
}

# Of typologies and twins: what tells them from others in a log or in the truth.
_BUSIEST = line(
    "the middle account sends {} exchanges, the busiest {} of all",
    number("median(n)", table="volumes"),
    percent_of_sum("n * CAST(n = (SELECT max(n) FROM volumes) AS INT)", "n", table="volumes"),
)
_PROMPTS = line(
    "system prompts {}, different prompts {}, tasks {}",
    number("count(DISTINCT system_prompt_hash)"),
    number("count(DISTINCT prompt_simhash64)"),
    number("count(DISTINCT task_uid)"),
)
_NETWORKS = line(
    "networks (/24) {}, countries {}, languages {}; from hosting networks {} of the exchanges",
    number("count(DISTINCT ip24_hash)"),
    number("count(DISTINCT geo_country)"),
    number("count(DISTINCT prompt_lang)"),
    percent("asn_type = 'hosting'"),
)
_FROM_LIST = line("from the list: {} of the tasks", percent("work = 'list'", table="tasks"))
_NEW = line("served by the new model: {} of the exchanges", percent(_BY_NEW_MODEL))
_ANSWERS = line(
    "answers of {} tokens at the median, {} of them refusals",
    number("median(output_tokens)", "http_status = 200"),
    percent("finish_reason = 'refusal'", "http_status = 200"),
)
_DAYS = line(
    "exchanges of an account on a day: {} at the median of active ones, {} at the 99th percentile",
    number("median(n)", table="volumes_of_days"),
    number("quantile_cont(n, 0.99)", table="volumes_of_days"),
)
_TOOLS = line(
    "sent with the result of a tool: {} of the exchanges", percent("last_role_in = 'tool'")
)
_BATCH = line("sent as a batch: {} of the exchanges", percent("service_tier = 'batch'"))
_END_USERS = line("end users that are named: {}", number("count(DISTINCT end_user_hash)"))

LINES |= {
    "typology_l01": (
        _BUSIEST,
        line("exchanges for a task: {} at the median", number("median(exchanges)", table="tasks")),
    ),
    "typology_l02": (_BUSIEST,),
    "typology_l03": (_TOOLS,),
    "typology_l04": (_PROMPTS,),
    "typology_l05": (_PROMPTS, _END_USERS),
    "typology_l06": (_NEW,),
    "typology_l07": (_PROMPTS, _BATCH),
    "typology_l08": (_PROMPTS, _ANSWERS),
    "typology_l09": (_PROMPTS, _NETWORKS),
    "typology_l10": (_PROMPTS,),
    "typology_l11": (_ANSWERS,),
    "typology_g12": (_BUSIEST, _PROMPTS),
    "typology_g13": (_PROMPTS, _NETWORKS),
    "typology_g14": (_NETWORKS,),
    "typology_a15": (_PROMPTS, _ANSWERS),
    "typology_a16": (_BUSIEST, _PROMPTS),
    "typology_a17": (_FROM_LIST, _PROMPTS),
    "typology_a18": (_DAYS, _PROMPTS),
    "typology_a19": (_FROM_LIST,),
    "typology_a20": (_NEW, _PROMPTS, _ANSWERS),
    "twin_a20_l06": (
        line(
            "served by the new model: {} of the exchanges of pivot, {} of switchers",
            percent(_BY_NEW_MODEL, of("pivot")),
            percent(_BY_NEW_MODEL, of("switchers")),
        ),
    ),
}
