"""Taking an old ledger over: a workbook row by row into complaints with the history that it tells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook

from kezun.cases import catalogs, takeover_words, wording
from kezun.cases.rules import ledger
from kezun.cases.rules.ledger import Fault, Row
from kezun.cases.takeover_rows import Before, marks_of
from kezun.facts.readers.sheet import text_of
from kezun.kernel.file import path_of
from kezun.kernel.models import StoredFile
from kezun.org.models import Person, Unit

MOST_ROWS, MOST_COLUMNS, LOOKED = 50_000, 200, 30
# columns that the file of rejected rows has behind those of the ledger
LINE, REASON = "_line", "_reason"
TABLES = {
    "channel": ("channel", "complaint_channel"),
    "business": ("business", "complaint_business"),
    "reason": ("reason_code", "complaint_reason"),
}
FAULT = {"upheld": "whole", "partly": "part"}


@dataclass(frozen=True)
class Course:
    """A row ready to be taken over: what is registered, by whom it was handled, what happened when.

    marks: by which its cells are known again. done: it was taken over before, as it is.
    """

    unit: Unit
    given: Mapping[str, object]
    received: dt.datetime
    handler: Person | None = None
    verifier: Person | None = None
    contacted: dt.datetime | None = None
    result: str = ""
    finding: str = "unclear"
    decision: str = ""
    answered: dt.datetime | None = None
    closed: dt.datetime | None = None
    satisfaction: int = 0
    marks: Mapping[str, str] = field(default_factory=dict, repr=False)
    done: bool = False


@dataclass
class Book:
    """A sheet of a workbook: its heads, where they stand, the cells below."""

    names: list[str]
    sheet: str
    heads: list[str]
    first: int
    cells: list[list[str]] = field(repr=False)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """(line as Excel counts, cells) of every row below the heads that is not empty."""
        for at, cells in enumerate(self.cells[self.first + 1 :], self.first + 2):
            if any(cell.strip() for cell in cells):
                yield at, cells


def opened(file: StoredFile, sheet: str = "", most: int = MOST_ROWS) -> Book:
    """A sheet of a kept workbook, at most its first `most` rows; ValidationError for none or too many.

    What the file of rejected rows says beside them is no part of the ledger and left out.
    """
    try:
        book = CalamineWorkbook.from_path(path_of(file.sha256))
        names = list(book.sheet_names)
        chosen = sheet if sheet in names else names[0]
        found = book.get_sheet_by_name(chosen)
        raw = found.to_python(skip_empty_area=False, nrows=most)
    except (CalamineError, OSError, IndexError) as error:
        raise ValidationError(_("The workbook cannot be read.")) from error
    if found.total_height > MOST_ROWS:
        raise ValidationError(_("At most %(most)d rows at once.") % {"most": MOST_ROWS})
    cells = [[text_of(cell) for cell in row[:MOST_COLUMNS]] for row in raw]
    first = _heads_at(cells)
    heads = cells[first] if cells else []
    if LINE in heads and REASON in heads:
        width = heads.index(LINE)
        heads, cells = heads[:width], [row[:width] for row in cells]
    return Book(names, chosen, heads, first, cells)


def _heads_at(cells: list[list[str]]) -> int:
    """The row with most heads that are known, of the first thirty: ledgers begin with a title."""
    words = takeover_words.heads()
    known = [len(ledger.guess(row, words)) for row in cells[:LOOKED]]
    return known.index(max(known)) if known else 0


def guessed(book: Book) -> dict[str, int]:
    """Which column is what, by its head."""
    return ledger.guess(book.heads, takeover_words.heads())


class Reader:
    """Reads the rows of one sheet into courses; looks units and people up once, knows numbers it has read.

    rows: all that it will be given, to be looked up among those taken over before.
    """

    def __init__(
        self, columns: Mapping[str, int], defaults: Mapping[str, str], rows: Iterable[list[str]] = ()
    ) -> None:
        self.columns, self.defaults = columns, defaults
        self.before = Before(columns, rows)
        self.words = catalogs.numbers("ledger")
        self.zone = ZoneInfo(settings.KEZUN_BANK_ZONE)
        today = timezone.localdate()
        self.numbers: set[str] = set()
        self.examples = takeover_words.examples()
        self.units: dict[str, Unit] = {}
        for unit in Unit.objects.filter(closed_date__gte=today):
            self.units[unit.name] = self.units[unit.code] = unit
        self.people = {person.code: person for person in Person.objects.filter(is_active=True)}

    def read(self, cells: list[str]) -> tuple[Course | None, tuple[Fault, ...]]:
        """The course that a row tells, or everything for which it cannot be taken."""
        row, faults = ledger.read(cells, self.columns, timezone.localtime().replace(tzinfo=None))
        named, number = self._cell(cells, "unit"), self._cell(cells, "source_no")
        unit = self.units.get(named or self.defaults.get("unit", ""))
        if unit is None:
            faults = (*faults, Fault("unit", "unknown", named[:40]))
        if number in self.examples:
            faults = (Fault("source_no", "example"),)
        elif number and number in self.numbers:
            faults = (*faults, Fault("source_no", "twice", number[:40]))
        self.numbers.add(number)
        if row is None or unit is None or faults:
            return None, faults
        known = self.before.find(cells, self._at(row.moments["received"]))
        if known is not None and known.differs:
            return None, (Fault("source_no", "known", known.case.no, known.differs),)
        course = self._course(row, unit)
        return replace(course, marks=marks_of(cells, self.columns), done=known is not None), ()

    def _cell(self, cells: list[str], name: str) -> str:
        at = self.columns.get(name, len(cells))
        return cells[at].strip() if at < len(cells) else ""

    def _course(self, row: Row, unit: Unit) -> Course:
        texts = row.texts
        finding = ledger.matched(texts.get("finding", ""), self.words["finding"]) or "unclear"
        rated = ledger.matched(texts.get("satisfaction", ""), self.words["satisfaction"])
        handler, verifier = (self._person(row, name) for name in ("handler", "verifier"))
        return Course(
            unit=unit,
            given=self._given(row, unit),
            received=self._at(row.moments["received"]),
            handler=handler,
            verifier=verifier if verifier != handler else None,
            contacted=self._moment(row, "contacted"),
            result=texts.get("result", ""),
            finding=finding,
            decision=texts.get("decision", ""),
            answered=self._moment(row, "answered") or self._moment(row, "closed"),
            closed=self._moment(row, "closed"),
            satisfaction=int(rated or 0),
        )

    def _given(self, row: Row, unit: Unit) -> dict[str, object]:
        texts = row.texts
        given: dict[str, object] = {name: self._code(texts, column) for column, (name, _t) in TABLES.items()}
        given |= {"title": (texts.get("title") or _("Taken over from a ledger") + f" · {unit.name}")[:200]}
        given |= {name: texts[name][:20_000] for name in ("story", "claim") if name in texts}
        if "source_no" in texts:
            given["source_no"] = texts["source_no"][:400]
        if "amount" in texts:
            given["amount"] = texts["amount"]
        person = {name: texts[name][:200] for name in ("name", "phone") if name in texts}
        if person:
            given["parties"] = [{"role": "complainant", **person}]
        return given

    def _code(self, texts: Mapping[str, str], column: str) -> str:
        """A code by its id or name; what the table does not have becomes «other»."""
        said = texts.get(column, "").strip()
        for code in catalogs.tables()[TABLES[column][1]].codes.values():
            if said and said in (code.id, code.name, code.name_en):
                return code.id
        return str(self.words["others"][column])

    def _person(self, row: Row, name: str) -> Person | None:
        said = row.texts.get(name, "")
        return self.people.get(said) or self.people.get(self.defaults.get(name, ""))

    def _moment(self, row: Row, name: str) -> dt.datetime | None:
        found = row.moments.get(name)
        return self._at(found) if found is not None else None

    def _at(self, wall: dt.datetime) -> dt.datetime:
        return wall.replace(tzinfo=self.zone)


def say(fault: Fault) -> str:
    """What is wrong with a row, in words."""
    texts = {
        "missing": _("The date of receipt is missing: without it no deadline can be told."),
        "not_a_day": _("«%(value)s» is no date; write it like 2026-09-21."),
        "future": _("«%(value)s» lies in the future."),
        "too_early": _("%(value)s lies before what has to come first."),
        "unknown": _("There is no open unit «%(value)s»."),
        "twice": _("The number %(value)s stands on a row above already."),
        "example": _("This is the example of the template; delete the row."),
        "known": _(
            "Known, taken over as %(value)s; differs in: %(columns)s. Nothing is taken for it: change that "
            "case; another complaint needs a number of its own."
        ),
        "refused": "%(value)s",
    }
    names = {**takeover_words.titles(), "": _("some cells")}
    told = {"value": fault.value, "columns": wording.several(names.get(one, one) for one in fault.more)}
    return str(texts[fault.code] % told if "%(" in texts[fault.code] else texts[fault.code])
