"""A scorecard on paper and as a workbook says what the page says, to the last number."""

from __future__ import annotations

import io
from decimal import Decimal

import openpyxl
import pytest
from django.utils import translation

from kezun.assessment import cards, printing, upkeep, wording
from kezun.assessment.models import Merit, Run, Score
from kezun.assessment.queries import scorecard
from kezun.assessment.running import run
from kezun.assessment.tests.showing import RULES, client_of, entered, facts, shown, text_of
from kezun.assessment.tests.world import US, installed, rated, scheme_text
from kezun.ui.pdf import Document

pytestmark = pytest.mark.django_db
EVIL = '=HYPERLINK("https://example.com","y")'


class Told(Document):
    """A document that also keeps what was written into it."""

    def __init__(self, title, **more):
        super().__init__(title, **more)
        self.title, self.pairs, self.tables, self.headings = title, [], [], []
        Told.last = self

    def facts(self, rows):
        self.pairs += rows
        super().facts(rows)

    def heading(self, text, *args):
        self.headings.append(text)
        super().heading(text, *args)

    def table(self, heads, rows, **more):
        self.tables.append((list(heads), [list(row) for row in rows]))
        super().table(heads, rows, **more)


@pytest.fixture
def office(own_home, bank, person_in):
    facts("2026-02")
    facts()
    with translation.override("en"):
        yield person_in("service_office", "HO")


@pytest.fixture
def card(office, bank, person_in):
    """O1 over March after February, with a veto's complaint entered under an awkward title."""
    shown("2026-02")
    manager = person_in("outlet_manager", "O1")
    entry = entered(bank["O1"], manager, office, title=EVIL, level="重大")
    upkeep.publish_entries([Merit.objects.get(pk=entry.pk)])
    made = run(US, Score.objects.first().run.scheme, "2026-03", opens=True)
    return scorecard(US, made, "O1")


def printed(card, monkeypatch):
    monkeypatch.setattr(printing, "Document", Told)
    content = printing.printed(card, cards.rows(card, US))
    assert content.startswith(b"%PDF-")
    return Told.last


def sheets(card):
    return openpyxl.load_workbook(io.BytesIO(printing.tabled(card, cards.rows(card, US))))


def test_the_paper_has_every_line_event_and_rule(card, monkeypatch):
    told = printed(card, monkeypatch)
    assert told.title == "Scorecard · O1 · 2026-03"
    assert told.headings == ["Where points were lost", "Line by line", "Events", "The rules"]
    losses, lines, events, rules = told.tables[-4:]
    assert [row[0] for row in losses[1]] == [loss.line.title for loss in card.losses]
    assert [row[0] for row in lines[1]] == [line.title for line in card.lines]
    assert len(rules[1]) == sum(line.rule is not None for line in card.lines)
    [event] = events[1]
    assert (event[1], event[3], event[5]) == ("2026-03-05", EVIL, "responsibility not yet decided")


def test_the_head_says_what_the_score_is_a_function_of(card, monkeypatch):
    head = dict(printed(card, monkeypatch).pairs)
    assert head["Subject"] == "O1 O1"
    assert head["Score"] == wording.pts(card.score)
    assert head["Rank"].startswith("1 of 2 (95 % interval 1–")
    assert head["Scheme"] == "Trial scheme 2026.1"
    assert head["Period"] == "2026-03 (2026-03-01 – 2026-03-31)"
    assert card.run.inputs_hash[:12] in head["Run"]
    assert "By decision" not in head


def test_an_outlet_without_rank_or_losses_is_printed_too(card, monkeypatch):
    told = printed(scorecard(US, card.run, "O3"), monkeypatch)
    assert dict(told.pairs)["Rank"] == "not ranked: n = 0, from 10 on"
    assert "Events" not in told.headings
    [csat] = [row for row in told.tables[-2][1] if row[0] == "满意率"]
    assert "too few observations" in csat[2]
    assert csat[6] == "0.00"


def test_where_nothing_is_scored_the_reason_stands_for_the_score(office, monkeypatch):
    text = scheme_text(id="urn:kezun:scheme:strict", ranking=None).replace(
        "transform:\n    kind: piecewise", "missing: exclude\n  transform:\n    kind: piecewise"
    )
    card = scorecard(US, run(US, installed(text), "2026-03"), "O3")
    head = dict(printed(card, monkeypatch).pairs)
    assert head["Score"] == "满意率: too few observations"
    assert head["Rank"] == "not scored, so not ranked"
    assert "Grade" in head
    assert sheets(card).sheetnames == ["Lines"]


def test_the_workbook_holds_numbers_that_add_up_and_text_that_stays_text(card):
    book = sheets(card)
    assert book.sheetnames == ["Lines", "Events"]
    rows = [[c.value for c in row] for row in book["Lines"].iter_rows()]
    top = next(n for n, row in enumerate(rows) if row[0] == "Item judged")
    heads, body = rows[top], rows[top + 1 :]
    assert len(body) == len(card.lines)
    assert {row[heads.index("Kind")] for row in body} <= set(printing.kinds().values())
    for name in ("Points", "Possible", "Measured", "Own data"):
        assert all(
            row[heads.index(name)] is None or isinstance(row[heads.index(name)], int | float) for row in body
        )
    assert sum(row[heads.index("Points")] for row in body) == pytest.approx(float(card.score), abs=1e-5)
    [title] = [c for row in book["Events"].iter_rows() for c in row if c.value == EVIL]
    assert title.data_type == "s"


def test_the_page_the_paper_and_the_workbook_tell_the_same_points(card, office, monkeypatch):
    page = text_of(client_of(office), f"/scorecards/{card.run.pk}/O1/")
    lines = printed(card, monkeypatch).tables[-3][1]
    told = {row[0]: row[6] for row in lines}
    for row in cards.rows(card, US):
        assert told[row.line.title] == row.points
        assert row.quiet or f"<strong>{row.points}</strong>" in page or row.line.kind == "rounding"
    assert f"<strong>{wording.pts(sum(line.points for line in card.lines))}</strong>" in page


@pytest.mark.parametrize(("language", "name"), [("en", "Scorecard · "), ("zh-hans", "计分卡 · ")])
def test_in_the_readers_language(card, monkeypatch, language, name):
    with translation.override(language):
        told = printed(card, monkeypatch)
        again = printing.printed(card, cards.rows(card, US))
        assert again == printing.printed(card, cards.rows(card, US))
    assert told.title.startswith(name)


def test_a_what_if_run_names_its_changed_numbers(office):
    shown("2026-02")
    scheme = Run.objects.get().scheme
    made = run(US, scheme, "2026-03", what_if={"components.csat.weight": "10"})
    told = dict(cards.facts(scorecard(US, made, "O1")))
    assert told["Changed numbers"] == "components.csat.weight = 10"
    assert told["Counts as"] == made.get_kind_display()


def test_a_code_with_a_slash_makes_one_file_name(card):
    odd = scorecard(US, card.run, "O1").__class__(**vars(card) | {"code": "A/1"})
    assert printing.file_name(odd, "pdf") == "test-2026-03-A/1.pdf"


def test_the_sum_of_rounded_points_is_never_shown_for_the_sum_of_points(card):
    rows = cards.rows(card, US)
    exact = sum((row.line.points for row in rows), Decimal(0))
    assert cards.total_of(rows) == wording.pts(exact)
    assert exact == card.score


def test_bars_and_words_of_peers_are_the_runs_own(office):
    rated("O2", "2026-03-09", good=30)
    made = shown(text=scheme_text(**RULES))
    card = scorecard(US, made, "O1")
    [line] = [one for one in card.lines if one.id == "csat"]
    bar = cards.bar(line)
    assert 0 <= bar.low <= bar.target <= bar.high <= 100
    assert cards.beside(line.peers).startswith(f"peers: median {wording.pts(line.peers['p50'])}")
    assert cards.beside({}) == cards.beside({"n": 0}) == ""
