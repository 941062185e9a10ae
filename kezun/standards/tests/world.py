"""A small standard to write tests with, and the moves that most of them begin with."""

from __future__ import annotations

import datetime as dt
import io
import uuid

from django.utils import timezone
from openpyxl import Workbook
from PIL import Image

from kezun.kernel.actor import SystemActor
from kezun.kernel.file import keep
from kezun.standards import actions
from kezun.standards.models import Standard

SYSTEM = SystemActor("test")
URN = "urn:test:std:outlet"
TEXT = """\
schema: kezun.standard/1
id: urn:test:std:outlet
version: "{version}"
title: {title}
title_en: Outlet sample
about: 测试用
covert: [暗访]
own: [自查]
{supersedes}valid: {{from: {start}, to: {end}}}
scale: {{kind: points, total: {total}, na: renormalise, grades: [优秀, 达标]}}
modules:
  - id: A
    title: 环境
    title_en: Place
    points: {place}
    items:
      - id: A1
        title: 门前
        points: {place}
        criteria:
          - id: A1.1
            text: 门楣标牌清洁完整
            text_en: Sign clean and whole
            points: {sign}
            answer: {{type: graded, options: {{符合: 1, 部分符合: 0.5, 不符合: 0}}}}
            checker: {{roles: [服务督导, 服务管理办公室, 网点负责人], methods: [明查, 自查]}}
            evidence: [{{kind: photo, min: 1, when: [不符合]}}]
            severity: 一般
            rectify: {{due_days: 7, recheck: true}}
          - id: A1.2
            text: 便民设施每缺一处扣二分
            points: 10
            answer: {{type: count_defects, per: 2, floor: 0}}
            checker: {{roles: [服务督导, 服务管理办公室, 网点负责人], methods: [明查, 自查]}}
          - id: A1.3
            text: 无障碍通道可用
            points: 5
            answer: {{type: graded, options: {{符合: 1, 不符合: 0}}, na: {{allowed: true, reason: required}}}}
            checker: {{roles: [服务督导, 服务管理办公室, 网点负责人], methods: [明查, 自查]}}
            applies_to: {{any: [street-front]}}
  - id: B
    title: 服务
    points: {service}
    items:
      - id: B1
        title: 大堂
        points: {service}
        criteria:
          - id: B1.1
            text: 大堂经理在岗
            points: 6
            answer: {{type: graded, options: {{是: 1, 否: 0}}}}
            checker: {{roles: [服务督导, 服务管理办公室, 网点负责人], methods: [明查, 自查]}}
            cascade: {{when: [否], zero: [B1.2]}}
          - id: B1.2
            text: 主动迎候
            points: 4
            answer: {{type: graded, options: {{优: 1, 差: 0}}, na: {{allowed: true, reason: required}}}}
            checker: {{roles: [服务督导, 服务管理办公室, 网点负责人], methods: [明查, 自查]}}
            veto: {{when: [差], effect: {{grade_cap: 达标}}}}
          - id: B1.3
            text: 神秘人观察到的微笑
            points: 15
            answer: {{type: graded, options: {{是: 1, 否: 0}}}}
            checker: {{roles: [神秘客户, 服务督导, 服务管理办公室], methods: [暗访], blind: true}}
"""
GOOD = {
    "A1.1": {"value": "符合"},
    "A1.2": {"value": "0"},
    "B1.1": {"value": "是"},
    "B1.2": {"value": "优"},
}


def text(version="1", *, start="2020-01-01", end="null", supersedes="", sign=10, title="网点样本"):
    """The sample standard as YAML; the points of the sign decide the total."""
    before = f'supersedes: "{supersedes}"\n' if supersedes else ""
    return TEXT.format(
        **{
            "version": version,
            "start": start,
            "end": end,
            "supersedes": before,
            "sign": sign,
            "title": title,
        },
        **{"place": sign + 15, "service": 25, "total": sign + 40},
    )


def published(**given) -> Standard:
    """The sample standard, in force."""
    return actions.install(SYSTEM, text=text(**given), origin="catalog")


def withdrawn(first, second, edition, reason="停用") -> Standard:
    """A published edition, withdrawn by two."""
    actions.ask_withdrawal(first, edition, reason=reason)
    return actions.withdraw(second, edition)


def begun(actor, unit, **given):
    """A sheet by open inspection at a unit, today."""
    told = {"urn": URN, "method": "明查", "visited": timezone.localdate(), "key": uuid.uuid4()} | given
    return actions.begin_sheet(actor, unit, **told)


def submitted(actor, unit, *, minutes=20, entries=None, **given):
    """A sheet filled in full and submitted."""
    since = timezone.now() - dt.timedelta(minutes=minutes)
    sheet = begun(actor, unit, started_at=since, **given)
    actions.save_sheet(actor, sheet, entries=GOOD | (entries or {}))
    return actions.submit_sheet(actor, sheet)


def photo(colour=0):
    """A kept picture."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (colour, 0, 0)).save(out, "PNG")
    out.seek(0)
    return keep(SYSTEM, out, "a.png", allow=("png",))


def workbook(rows=None):
    """A kept workbook with a bank's own checklist."""
    out = io.BytesIO()
    book = Workbook()
    sheet = book.active
    sheet.title = "检查表"
    for row in rows or (
        ("模块", "项目", "序号", "检查内容", "分值", "评分标准", "检查方式"),
        ("环境", "门前", 1, "门楣标牌清洁完整", 40, "每缺一处扣2分", "明查"),
        ("环境", "门前", 2, "营业时间牌与实际一致", 20, "", "明查、自查"),
        ("服务", "大堂", 3, "大堂经理在岗", 40, "", "暗访"),
    ):
        sheet.append(row)
    book.save(out)
    out.seek(0)
    return keep(SYSTEM, out, "检查表.xlsx", allow=("xlsx",))
