"""A judged bank for tests of pages: two periods shown, one of them with events, and people who look."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.test import Client

from kezun.assessment.actions import ledger, runs
from kezun.assessment.models import Merit, Run
from kezun.assessment.running import run
from kezun.assessment.tests.world import US, installed, rated, scheme_text, served, together
from kezun.kernel.task import run_due

COMPLAINT = {"id": "D1", "title": "投诉", "title_en": "Complaints", "event": "complaint", "cap": 6}
PRAISE = {"id": "A1", "title": "表扬", "title_en": "Praise", "event": "praise", "cap": 2}
VETO = {
    **{"id": "V1", "title": "重大投诉", "title_en": "Grave complaint"},
    **{"when": {"event": "complaint", "match": {"level": ["重大"]}}, "effect": {"grade_cap": "达标"}},
}
RULES = {
    "deductions": [COMPLAINT | {"points": {"一般": 2, "重大": 5}}],
    "additions": [PRAISE | {"points": {"default": 0.5}}],
    "vetoes": [VETO],
}


def facts(month: str = "2026-03") -> None:
    """Three outlets: O1 good, O2 poor, O3 with too few ratings to be scored on them or ranked."""
    with together():
        for code, good, bad in (("O1", 95, 5), ("O2", 70, 30), ("O3", 3, 0)):
            rated(code, f"{month}-02", good=good, bad=bad)
        for code, done, left in (("O1", 90, 10), ("O2", 50, 50), ("O3", 9, 1)):
            served(code, f"{month}-02", done, left)


def shown(period: str = "2026-03", text: str | None = None, **more: Any) -> Run:
    """A run of the trial scheme, done and shown."""
    made = run(US, installed(text or scheme_text(**RULES)), period, **({"opens": True} | more))
    runs.show_run(US, made)
    made.refresh_from_db()
    return made


def entered(unit: Any, by: Any, confirmer: Any, level: str = "重大", **more: Any) -> Merit:
    """A complaint in the ledger, entered by one person and confirmed by another."""
    told = {"kind": "complaint", "level": level, "occurred_date": dt.date(2026, 3, 5), "title": "等候过久"}
    made = ledger.enter_merit(by, unit, **(told | more))
    ledger.confirm_merit(confirmer, made)
    run_due("test")
    return made


def client_of(person: Any, language: str = "en") -> Client:
    client = Client()
    client.force_login(person)
    client.cookies["kezun_language"] = language
    return client


def text_of(client: Client, path: str, status: int = 200, **more: Any) -> str:
    answer = client.get(path, **more)
    assert answer.status_code == status, (path, answer.status_code)
    return answer.content.decode()
