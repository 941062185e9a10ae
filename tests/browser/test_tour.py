"""The pictures of docs/tour.md: `./dev tour` writes them, the suite sees to it that each can be taken."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from tools import tree

# One worker takes them all, so that one server with one demo bank serves them.
pytestmark = pytest.mark.xdist_group("browser")

WRITE = os.environ.get("KEZUN_TOUR") == "1"
FOLDER = Path("docs/tour/img")
COLOURS = 64
LEAST, MOST = 700, 1500


@dataclass(frozen=True)
class Stop:
    """A stop of the tour: whose page, where, what one sees (Chinese, English), what to wait for.

    clicks: links to follow from there, for pages whose address holds a number.
    """

    name: str
    who: str
    path: str
    zh: str
    en: str
    show: str = "main h1"
    phone: bool = True
    clicks: tuple[str, ...] = ()


STOPS = (
    Stop(
        "home", "branch", "/", "一级分行的首页：指标、变差之处、下级对比", "The first page of a tier-1 branch"
    ),
    Stop("unit", "outlet", "/", "网点负责人看到的本网点", "An outlet, as its manager sees it"),
    Stop("teller", "teller", "/", "柜员看到的本人记录", "A teller's own page"),
    Stop("calls", "calls", "/", "客服中心", "The call centre"),
    Stop("indicators", "analyst", "/indicators/", "指标目录", "The catalogue of indicators", phone=False),
    Stop(
        "indicator",
        "branch",
        "/indicators/floor.wait_p90/",
        "一个指标：定义、趋势、分布、时段",
        "One indicator in full",
    ),
    Stop("library", "office", "/standards/", "服务标准库", "The library of standards", phone=False),
    Stop(
        "handbook",
        "teller",
        "/standards/",
        "标准手册：查找、筛选、如何评分",
        "A standard as a handbook",
        "#criteria",
        clicks=("main tr:has(a[href*='/compare/']) th a",),
    ),
    Stop(
        "compare",
        "office",
        "/standards/",
        "两个版本逐条对照：文字与分值",
        "Two editions side by side",
        ".s-pairs",
        phone=False,
        clicks=("main a[href*='/compare/']",),
    ),
    Stop(
        "draft",
        "office",
        "/standards/",
        "起草新版：边改边核对分值",
        "A draft: points are checked while one writes",
        "#sums",
        phone=False,
        clicks=("main .k-list a", "a[href$='/edit/']"),
    ),
    Stop(
        "fill",
        "outlet",
        "/sheets/",
        "手机上逐项检查",
        "A checklist filled on the phone",
        ".f-field",
        clicks=("main .k-list a",),
    ),
    Stop(
        "sheet",
        "supervisor",
        "/sheets/?state=submitted",
        "检查结果：每一分失在哪里",
        "An inspection: where each point was lost",
        ".f-lines",
        clicks=("main tbody th a",),
    ),
    Stop(
        "periods",
        "office",
        "/rounds/",
        "考核期工作台：进度、还差什么、数据是否齐全",
        "The period desk: steps, what hinders them, how complete the data is",
        "#data table",
        clicks=("main tr:has-text('2026-06') th a[href*='/rounds/']",),
    ),
    Stop(
        "scheme",
        "teller",
        "/schemes/",
        "考核方案：依据、计分曲线、扣分与加分",
        "A scheme in words and curves",
        ".a-components",
        clicks=("main th a[href*='/schemes/']",),
    ),
    Stop(
        "scheme-draft",
        "office",
        "/schemes/",
        "起草方案新版：权重随写随核，示例即时计算",
        "A draft of a scheme: weights checked while one types, an example at once",
        "#sums",
        phone=False,
        clicks=("main .k-list a", "a[href$='/edit/']"),
    ),
    Stop(
        "scheme-compare",
        "office",
        "/schemes/",
        "方案两个版本对照",
        "Two editions of a scheme",
        ".a-pairs",
        phone=False,
        clicks=("main a[href*='/compare/']",),
    ),
    Stop(
        "scorecard",
        "outlet",
        "/scorecards/",
        "计分卡：得分、名次区间、失分之处与如何挽回",
        "A scorecard: score, rank interval, where points were lost and what wins them back",
        "#lines",
        clicks=("main .k-tile:last-of-type .k-tile-link",),
    ),
    Stop(
        "what-if",
        "outlet",
        "/scorecards/",
        "试算：拖动权重与分值，不改动已存结果",
        "What if: sliders on weights and points, nothing stored changes",
        "#outcome table",
        clicks=("main .k-tile:last-of-type .k-tile-link", "main a[href$='/what-if/']"),
    ),
    Stop(
        "ranking",
        "branch",
        "/rankings/?scheme=urn:kezun:scheme:wangdian-jidu",
        "排名：名次区间、梯队，不排名者另列",
        "A ranking: rank intervals, tiers, who is not ranked apart",
        ".k-tier",
    ),
    Stop(
        "funnel",
        "branch",
        "/funnel/",
        "漏斗图：控制线、过离散、业务组合校正",
        "A funnel: limits, over-dispersion, case mix",
        "#spots",
    ),
    Stop(
        "runs",
        "office",
        "/runs/",
        "计算：输入哈希、重算是否一致",
        "Runs and their repetition",
        "#all-runs",
        phone=False,
    ),
    Stop(
        "covert",
        "office",
        "/sheets/",
        "暗访结果：何时公布",
        "A covert visit: when its results are released",
        "main dl",
        phone=False,
        clicks=("main tbody tr:has-text('暗访') th a, main tbody tr:has-text('mystery visit') th a",),
    ),
    Stop(
        "leads", "office", "/leads/", "疑点线索：由人核实，不自动扣分", "Leads: people decide", "main table"
    ),
    Stop(
        "lead",
        "office",
        "/leads/",
        "一条线索：数字、其他可能、原始记录",
        "One lead: figures, what else it may be, the facts",
        "main table",
        clicks=("main tbody th a",),
    ),
    Stop(
        "ledger",
        "office",
        "/ledger/",
        "加扣分台账：双人确认",
        "The ledger of merits and faults",
        "main table",
    ),
    Stop(
        "lists",
        "office",
        "/lists/?colour=red",
        "红黑榜：按概率提名，先听申诉",
        "Red and black list",
        "main table",
    ),
    Stop("awards", "office", "/awards/", "星级与称号", "Stars and titles", "main table"),
    Stop("appeals", "office", "/appeals/", "申诉", "Appeals", "main table"),
    Stop(
        "appeal",
        "office",
        "/appeals/",
        "一件申诉：逐级审理，改判即为新结果",
        "One appeal, level by level",
        "main table",
        clicks=("main tbody th a",),
    ),
    Stop("bridge", "office", "/bridge/", "版本衔接表", "The bridge between editions", phone=False),
    Stop(
        "my-work",
        "outlet",
        "/work/",
        "我的待办：按最迟处理时间排列，键盘可操作",
        "My work: in the order of the last moment to act",
        "main table",
    ),
    Stop(
        "cases",
        "office",
        "/cases/",
        "全部事项：筛选、中文检索、导出",
        "All cases: filters and search",
        "main table",
    ),
    Stop(
        "case",
        "outlet",
        "/cases/?state=",
        "一件事项：时限、下一步、当事人、办理经过",
        "A case: deadlines, next steps, people, history",
        ".c-history",
        clicks=("main tbody th a",),
    ),
    Stop(
        "board",
        "office",
        "/cases/board/",
        "督办看板：超时、将到期、反复退转、岗位空缺",
        "The supervisor's board: every number opens its list",
        ".k-tiles",
    ),
    Stop(
        "kind",
        "office",
        "/cases/kinds/",
        "事项类别：流程图、时限与依据、字段",
        "A kind of case: course, deadlines with the law, fields",
        ".c-diagram svg",
        phone=False,
        clicks=("main tbody th a",),
    ),
    Stop("import", "analyst", "/import/", "数据导入：什么进来了，结果如何", "The import desk"),
    Stop("organisation", "secadmin", "/org/", "机构", "The organisation", phone=False),
    Stop("people", "secadmin", "/org/people/", "人员", "People", phone=False),
    Stop("trail", "auditor", "/trail/", "留痕", "The trail", phone=False),
    Stop("access", "auditor", "/access/", "权限矩阵", "Who may what", phone=False),
    Stop("health", "sysadmin", "/health/", "运行状况", "Health", phone=False),
)


def tall(page) -> int:
    """The height that shows the whole page, within reason."""
    height = page.evaluate("() => document.documentElement.scrollHeight")
    return max(LEAST, min(int(height), MOST))


def shrink(png: bytes) -> bytes:
    """A screenshot in a palette: a quarter of its bytes, looking the same."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    out = io.BytesIO()
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def takes(stop: Stop) -> list[tuple[str, str]]:
    """Sizes and languages of a stop's pictures; unless they are to be kept, each size and language once."""
    if WRITE:
        sizes = ("desktop", "phone") if stop.phone else ("desktop",)
        return [(size, language) for language in ("zh", "en") for size in sizes]
    return [("desktop", "en"), *([("phone", "zh")] if stop.phone else [])]


@pytest.mark.parametrize("stop", STOPS, ids=lambda s: s.name)
def test_picture(visit, address, tmp_path, stop):
    for size, language in takes(stop):
        page = visit(stop.who, size, language)
        answer = page.goto(f"{address}{stop.path}")
        assert answer.status == 200
        for link in stop.clicks:
            page.locator(link).first.click()
        page.locator(stop.show).first.wait_for()
        if WRITE:
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(300)
        if size == "desktop":
            page.set_viewport_size({"width": 1280, "height": tall(page)})
        if WRITE:
            page.wait_for_timeout(300)
        made = shrink(page.screenshot()) if WRITE else page.screenshot()
        name = f"{stop.name}-{language}{'-phone' if size == 'phone' else ''}.png"
        folder = tree.ROOT / FOLDER if WRITE else tmp_path
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(made)
        assert 2_000 < len(made) < (300_000 if WRITE else 3_000_000)


def document() -> str:
    """docs/tour.md, from the stops."""
    lines = [
        "# A tour 导览",
        "",
        "Pictures of the demo bank, taken by `./dev tour` from the running system.",
        "",
    ]
    for stop in STOPS:
        lines += [f"## {stop.en} · {stop.zh}", f"![{stop.zh}](tour/img/{stop.name}-zh.png)", ""]
        if stop.phone:
            lines += [
                f"![{stop.zh}](tour/img/{stop.name}-zh-phone.png) "
                f"![{stop.en}](tour/img/{stop.name}-en-phone.png)",
                "",
            ]
        lines += [f"[English](tour/img/{stop.name}-en.png)", ""]
    return "\n".join(lines)


def test_document_shows_every_stop():
    path = tree.ROOT / "docs/tour.md"
    if WRITE:
        path.write_text(document(), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == document(), "run ./dev tour"
