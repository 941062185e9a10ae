"""Whoever reads English reads no Chinese on a page of this room, where the scheme has English names."""

from __future__ import annotations

import datetime as dt
import io
import re

import openpyxl
import pytest
from django.utils import timezone, translation

from kezun.assessment import example, proposing
from kezun.assessment.actions import appeals, honours, runs
from kezun.assessment.models import Award, Lead, Round, Score
from kezun.assessment.running import run
from kezun.assessment.tests.showing import COMPLAINT, PRAISE, VETO, client_of, entered, facts, text_of
from kezun.assessment.tests.world import US, installed, rated, scheme_text
from kezun.facts.rules import Period

pytestmark = pytest.mark.django_db
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+")
# The same in both languages: what people are called, the switch of the language, the product's name.
NAMES = re.compile(r"测\w+|中文|简体|客尊|机构")
GRADES = [
    {"name": "优秀", "name_en": "Excellent", "min": 90},
    {"name": "良好", "name_en": "Good", "min": 75},
    {"name": "达标", "name_en": "Adequate", "min": 60},
    {"name": "不达标", "name_en": "Poor"},
]
LISTS = {
    "red": {"all": [{"prob": {"metric": "total", "op": ">=", "ref": "peer_p75"}, "at_least": 0.5}]},
    "black": {"any": [{"prob": {"metric": "csat", "op": "<", "ref": 0.9}, "at_least": 0.9}]},
}
STARS = [{"stars": 2, "min": 60, "floors": {"csat": 20}, "periods": 1}]


def text(**more):
    made = scheme_text(
        **{"deductions": [COMPLAINT | {"points": {"一般": 2, "重大": 5, "default": 1}}]},
        **{"additions": [PRAISE | {"points": {"default": 0.5}}], "vetoes": [VETO], "grades": GRADES},
        **{"red_black": LISTS, "stars": STARS, "appeal": {"window_days": 10}} | more,
    )
    return made.replace("title: 满意率", "title: 满意率\n  title_en: Satisfied").replace(
        "title: 接待率", "title: 接待率\n  title_en: Answered"
    )


@pytest.fixture
def office(own_home, bank, person_in):
    return person_in("service_office", "HO")


@pytest.fixture
def told(office, bank, person_in):
    """Two runs of March open to appeal, with an event, an appeal, entries of lists, a star and a lead."""
    facts("2026-02")
    facts()
    scheme = installed(text())
    entry = entered(
        bank["O1"], person_in("outlet_manager", "O1"), office, title="Waited too long", issuer="Times"
    )
    run(US, scheme, "2026-02", opens=True)
    first = run(US, scheme, "2026-03", opens=True)
    runs.show_run(US, first)
    rated("O2", "2026-03-20", good=1)
    made = run(US, scheme, "2026-03")
    runs.show_run(US, made)
    proposing.propose(made.pk)
    day = timezone.localdate()
    Round.objects.filter(pk=made.round_id).update(
        state="appeal", appeal_until_date=day + dt.timedelta(days=10)
    )
    score = Score.objects.select_related("run__round").get(run=made, unit=bank["O1"])
    filed = appeals.file_appeal(US, score, rule="csat", grounds="The device was offline for two hours.")
    star = Award.objects.filter(kind="star").first()
    honours.grant_award(US, star)
    lead = Lead.objects.create(
        **{"signal": "rating.orphan", "unit": bank["O1"], "from_date": day, "to_date": day, "fact": "rating"},
        **{"k": 9, "n": 30, "expected": 0.01, "p": 1e-9, "q": 1e-8},
    )
    return {
        "run": made.pk,
        "first": first.pk,
        "round": made.round_id,
        "scheme": scheme.pk,
        "subject": score.subject,
        "other": f"unit:{bank['O2'].pk}",
        "appeal": filed.pk,
        "entry": entry.pk,
        "lead": lead.pk,
        "score": score.pk,
    }


PAGES = {
    "scorecards": "/scorecards/",
    "a component": "/scorecards/{run}/{subject}/lines/csat/",
    "ranking": "/rankings/{run}/",
    "compared": "/rankings/{run}/compare/?with={subject}&with={other}",
    "rounds": "/rounds/",
    "one round": "/rounds/{round}/",
    "data of a round": "/rounds/{round}/data/",
    "runs of a round": "/rounds/{round}/runs/",
    "runs": "/runs/",
    "one run": "/runs/{run}/",
    "ledger": "/ledger/",
    "an entry": "/ledger/{entry}/",
    "a new entry": "/ledger/new/",
    "appeals": "/appeals/",
    "an appeal": "/appeals/{appeal}/",
    "a new appeal": "/appeals/new/?score={score}&rule=answered",
    "red list": "/lists/",
    "black list": "/lists/?colour=black",
    "awards": "/awards/",
    "a new award": "/awards/new/",
    "leads": "/leads/",
    "a lead": "/leads/{lead}/",
    "schemes": "/schemes/",
    "one scheme": "/schemes/{scheme}/",
    "a new scheme": "/schemes/begin/",
    "bridge": "/bridge/",
    "funnel": "/funnel/?period=2026-03",
}


def left(html: str) -> list[str]:
    """What is Chinese on a page beyond names, each with what stands around it."""
    shown = re.sub(r"(?s)<(script|style|svg)\b.*?</\1>", "", html)
    shown = NAMES.sub("", re.sub(r' (value|name|href)="[^"]*"', "", shown))
    return [shown[max(0, m.start() - 60) : m.end() + 20] for m in CHINESE.finditer(shown)]


def test_no_chinese_on_an_english_page(told, office):
    client = client_of(office)
    found = {name: left(text_of(client, path.format(**told))) for name, path in PAGES.items()}
    assert {name: rest for name, rest in found.items() if rest} == {}


FILES = {
    "scorecard": "/scorecards/{run}/{other}/excel/",
    "ranking": "/rankings/{run}/excel/",
    "funnel": "/funnel/export/?period=2026-03",
}


@pytest.mark.parametrize("name", FILES)
def test_no_chinese_in_an_english_workbook(told, office, name):
    content = client_of(office).get(FILES[name].format(**told)).content
    book = openpyxl.load_workbook(io.BytesIO(content))
    cells = [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value]
    assert cells
    assert [x for cell in (*book.sheetnames, *cells) for x in left(cell)] == []


def test_the_same_pages_in_chinese_use_no_english_titles(told, office):
    client = client_of(office, "zh-hans")
    html = "".join(
        text_of(client, PAGES[name].format(**told)) for name in ("ranking", "one scheme", "rounds")
    )
    for english in ("Trial scheme", "Satisfied", "Answered", "Excellent", "Adequate"):
        assert english not in html
    assert all(chinese in html for chinese in ("试行方案", "满意率", "优秀"))


@pytest.mark.parametrize(("language", "grade"), [("en", "Not met"), ("zh-hans", "不达标")])
def test_the_example_and_the_stored_run_are_graded_in_the_reader_s_language(office, language, grade):
    rated("O2", "2026-03-02", good=70, bad=30)
    named = scheme_text(grades=[{"name": "不达标", "name_en": "Not met"}])
    run(US, installed(named), "2026-03")
    with translation.override(language):
        found = example.tried(office, named, "O2", Period.parse("2026-03"))
    assert (found.grade, found.stored_grade) == (grade, grade)
