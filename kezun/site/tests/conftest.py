"""A small pack on disk, to be bent in every way."""

from pathlib import Path

import pytest
from django.utils import translation

PACK = """\
pack: small
version: 3
title: 小银行
title_en: Small bank
zone: Asia/Shanghai
calendar: calendar.csv
staff: staff.yaml
simulator: simulator.yaml
units:
  - {code: HQ, kind: head_office, name: 总行}
  - {code: B1, parent: HQ, kind: tier1, name: 分行}
  - {code: O1, parent: B1, kind: outlet, name: 网点一, tags: [large]}
  - {code: O2, parent: B1, kind: outlet, name: 网点二, from: 2020-01-01}
moves:
  - {unit: O2, parent: HQ, from: day-10}
lines: lines.csv
posts:
  - {code: teller, name: 柜员, role: teller}
  - {code: head, name: 行长, role: unit_head}
people:
  - {code: BOSS, name: 王安, unit: B1, post: head, line: retail}
assignments:
  - {person: BOSS, unit: HQ, post: head, from: day-30, to: day-20}
deputies:
  - {person: O1-01, for: BOSS, from: day-5}
groups:
  - {unit: HQ, name: 领导小组, members: [{person: BOSS, duty: head}, {person: O1-02}]}
demo:
  password: a-demo-password-2026
  sign_ins:
    - {person: BOSS, username: boss, about: 行长, about_en: The boss}
    - {person: O1-01, username: teller, about: 柜员}
"""
FILES = {
    "pack.yaml": PACK,
    "lines.csv": "code,name,name_en,parent\nretail,个人金融,Retail,\nwealth,财富,Wealth,retail\n",
    "calendar.csv": "date,kind,name\n2026-03-03,holiday,节日\n2026-03-05,pension,养老金\n",
    "staff.yaml": """\
seed: 1
surnames: [王, 李]
given: [安, 平, 和]
establishments:
  - {kind: outlet, tag: large, posts: {teller: 4}}
  - {kind: outlet, posts: {head: 1, teller: 3}}
""",
    "simulator.yaml": """\
seed: 7
days: 12
queues:
  - kind: outlet
    channel: counter
    pattern:
      opens: 9
      closes: 12
      hours: [1, 2, 1]
      weekday: [1, 1, 1, 1, 1, 0.5, 0.5]
    businesses: [{name: 现金, share: 1, mean_s: 240}]
    classes: [{name: 普通, share: 1, patience_s: 3600, promise_s: 600}]
    sizes: [{tag: any, counters: 2, load: 0.7}]
    ratings:
      {coverage: [0.5, 0.7], unsatisfied: [0.01, 0.02], wait_weight: 0.3, four: 0.1, reasons: [wait]}
stories:
  - {kind: wait_drift, unit: O1, first: 5, factor: 1.5}
""",
    "profiles/tickets.yaml": """\
profile: tickets
fact: ticket
source: small
format: {kind: parquet}
key: [ticket_no]
unit: {from: unit}
person: {from: person}
columns:
  occurred_at: {from: taken_at}
  business: {from: business}
  class: {from: class}
  outcome: {from: outcome}
  channel: {from: channel}
  direction: {value: in}
  wait_s: {from: wait_s}
  service_s: {from: service_s}
  promise_s: {from: promise_s}
""",
    "profiles/ratings.yaml": """\
profile: ratings
fact: rating
source: small
format: {kind: parquet}
key: [rating_no]
unit: {from: unit}
person: {from: person}
columns:
  occurred_at: {from: rated_at}
  ticket_id: {from: ticket_no}
  channel: {from: channel}
  score: {from: score}
  reason: {from: reason}
""",
    "indicators/own.yaml": """\
- id: small.large_tickets
  name: 长时业务量
  name_en: Long tickets
  about: 办理时长超过十分钟。
  about_en: Took longer than ten minutes.
  unit: count
  direction: none
  kind: count
  numerator: {fact: ticket, count: true, where: 'service_s > 600'}
  owner: service_office
  version: 1
""",
}


@pytest.fixture(autouse=True)
def _english():
    """Messages are compared in English."""
    with translation.override("en"):
        yield


@pytest.fixture
def small(tmp_path) -> Path:
    """The folder of a pack that is right."""
    folder = tmp_path / "small"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def bend(small):
    """`bend(file, old, new)`: replace text in a file of the small pack; returns the pack's folder."""

    def change(file, old, new):
        path = small / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} does not say {old}"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return small

    return change
