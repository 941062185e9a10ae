"""From the rows of a bank's own checklist to a draft of a standard: headings, criteria, proposals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import zip_longest

from kezun.standards.rules.columns import BARE, Row, Words, amount, header_of
from kezun.standards.rules.form import ZERO, Checker, Criterion, Item, Module, Rectify
from kezun.standards.rules.marking import proposed

PARTS = re.compile(r"[、,，;；/\s]+")
CODE = re.compile(r"[A-Za-z][\w.-]{0,58}")
LINES = re.compile(r"[；;\n]+")
FIGURES = re.compile(r"\d+(?:\.\d+)*")


@dataclass(frozen=True)
class Remark:
    """Something about a cell: what is wrong (it refuses the sheet) or what was supposed (to be looked at)."""

    row: int
    column: int | None
    code: str
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """What a sheet holds: the title above it, its modules, what is wrong, what was supposed."""

    title: str
    modules: tuple[Module, ...]
    problems: tuple[Remark, ...]
    notes: tuple[Remark, ...]
    columns: Mapping[str, int]


@dataclass
class _Open:
    """A heading whose rows are still being read."""

    row: int
    title: str
    code: str = ""
    stated: Decimal | None = None
    criteria: list[Criterion] = field(default_factory=list)
    items: list[_Open] = field(default_factory=list)


def table_of(rows: Sequence[Row], words: Words, columns: Mapping[str, str] | None = None) -> Table:
    """The checklist in the rows of a sheet. columns: field → title or letter of its column, else guessed."""
    found = header_of(rows, words, columns or {})
    if found is None:
        return Table("", (), (Remark(1, None, "no_header"),), (), {})
    place, at = found
    problems = [
        Remark(rows[place].number, None, "no_column", {"name": name})
        for name in ("content", "points", *(columns or {}))
        if name not in at
    ]
    above = next((r.text for r in rows[:place] if r.text), "")
    reading = _Reading(words, at, problems)
    if not problems:
        reading.take(rows[place + 1 :])
    modules = tuple(reading.modules())
    if not modules and not problems:
        problems.append(Remark(rows[place].number, None, "no_rows"))
    return Table(above, modules, tuple(problems), tuple(reading.notes), at)


def _shape(number: str) -> str:
    """Codes of one level look alike: M1 and M12 are a9, M1.2 is a9.9."""
    return re.sub(r"\d+", "9", re.sub(r"[A-Za-z]+", "a", number))


def _often(text: str, methods: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """How often by which method: «a: monthly；b: yearly», or one word for all methods."""
    parts = [p.strip() for p in LINES.split(text) if p.strip()]
    pairs = [re.split(r"\s*[:：]\s*", part, maxsplit=1) for part in parts]
    if pairs and all(len(p) == 2 for p in pairs):
        return tuple({p[0]: p[1] for p in pairs}.items())
    return tuple((m, text) for m in methods) if text else ()


class _Reading:
    """Walks down the rows below the header and keeps the heading that they stand under."""

    def __init__(self, words: Words, at: Mapping[str, int], problems: list[Remark]) -> None:
        self.words, self.at, self.problems = words, at, problems
        self.notes: list[Remark] = []
        self.open: list[_Open] = []
        self.levels: list[str] = []
        self.said: dict[str, str] = {}
        self.ids: set[str] = set()

    def take(self, rows: Sequence[Row]) -> None:
        for row, after in zip_longest(rows, rows[1:]):
            if not row.text or self._adds_up(row):
                continue
            if "module" in self.at or "item" in self.at:
                self._fill_down(row)
            if self._is_heading(row, after):
                self._heading(row)
            elif self._goes_on(row):
                self._more(row)
            else:
                self._criterion(row)

    def _cell(self, row: Row, name: str) -> str:
        return row.cell(self.at.get(name))

    def _adds_up(self, row: Row) -> bool:
        first = next((BARE.sub("", c) for c in row.cells if c.strip()), "")
        return any(first.startswith(word) for word in self.words.total)

    def _fill_down(self, row: Row) -> None:
        """Modules and items in columns of their own: merged or empty cells repeat the one above."""
        changed = False
        for name in ("module", "item"):
            text = self._cell(row, name)
            if text and (text != self.said.get(name) or changed):
                self.said[name], changed = text, True
                self._enter(row, text, ("module", "item").index(name))

    def _is_heading(self, row: Row, after: Row | None) -> bool:
        """No points of its own, and merged sideways, or worth something, or numbered as headings are."""
        content, number = self._cell(row, "content"), self._cell(row, "number")
        below = self._cell(after, "number") if after is not None else ""
        if FIGURES.fullmatch(number) and below.startswith(f"{number}."):
            return True
        wide = bool(row.wide)
        if amount(self._cell(row, "points")) is not None and not wide:
            return False
        text = content or number
        numbered = self._level(f"{number} {content}".strip()) not in ("", "figure")
        return bool(text) and (wide or numbered or self.words.worth.search(text) is not None)

    def _level(self, text: str) -> str:
        return next((name for name, form in self.words.levels.items() if form.match(text)), "")

    def _heading(self, row: Row) -> None:
        number, content = self._cell(row, "number"), self._cell(row, "content")
        coded = CODE.fullmatch(number) is not None and bool(content) and number != content
        text = content if coded or number in ("", content) else f"{number} {content}".strip()
        level = _shape(number) if coded else self._level(text) or "plain"
        if level not in self.levels:
            self.levels.append(level)
        depth = self.levels.index(level)
        if depth > 1:
            self.problems.append(Remark(row.number, None, "too_many_levels", {"title": text}))
            return
        self._enter(row, text, depth, number if coded else "")

    def _enter(self, row: Row, text: str, depth: int, code: str = "") -> None:
        worth = self.words.worth.search(text)
        title = self.words.worth.sub("", text).strip()
        form = self.words.levels.get(self._level(title))
        bare = form.sub("", title, count=1).strip() if form else title
        stated = Decimal(worth[1]) if worth else amount(self._cell(row, "points"))
        opened = _Open(row.number, bare or title, code, stated if self._is_total(row, worth) else None)
        if depth == 0 or not self.open:
            self.open.append(opened)
        else:
            self.open[-1].items.append(opened)

    def _is_total(self, row: Row, worth: object) -> bool:
        """Where modules have a column, the points beside their name are the criterion's."""
        return worth is not None or not ({"module", "item"} & set(self.at))

    def _goes_on(self, row: Row) -> bool:
        """A row that only adds to the marking rule of the one above."""
        return not self._cell(row, "content") and not self._cell(row, "points") and self._last() is not None

    def _last(self) -> list[Criterion] | None:
        if not self.open:
            return None
        opened = self.open[-1].items[-1] if self.open[-1].items else self.open[-1]
        return opened.criteria or None

    def _more(self, row: Row) -> None:
        criteria, more = self._last(), self._cell(row, "guide")
        if criteria and more:
            last = criteria[-1]
            guide = "\n".join(t for t in (last.guide, more) if t)
            criteria[-1] = self._made(row, last.id, last.text, last.points, guide, last)

    def _criterion(self, row: Row) -> None:
        content, worth = self._cell(row, "content"), self._cell(row, "points")
        points = amount(worth)
        if not content:
            self.problems.append(Remark(row.number, self.at["content"], "no_content"))
        if points is None or points < ZERO:
            shared = self.at["points"] in row.below
            code = "points_merged" if shared else "bad_points" if worth else "no_points"
            self.problems.append(Remark(row.number, self.at["points"], code, {"value": worth}))
            return
        if not self.open:
            self.open.append(_Open(row.number, ""))
        opened = self.open[-1].items[-1] if self.open[-1].items else self.open[-1]
        number = self._cell(row, "number")
        id = number if CODE.fullmatch(number) and number not in self.ids else ""
        self.ids.add(id)
        opened.criteria.append(self._made(row, id, content, points, self._cell(row, "guide"), None))

    def _made(
        self, row: Row, id: str, text: str, points: Decimal, guide: str, was: Criterion | None
    ) -> Criterion:
        answer, note = proposed(guide, points, self.words.marking)
        if note:
            self.notes.append(Remark(row.number, self.at.get("guide"), note, {"guide": guide}))
        if was is not None:
            return replace(was, guide=guide, answer=answer)
        methods = tuple(dict.fromkeys(p for p in PARTS.split(self._cell(row, "method")) if p))
        roles = tuple(dict.fromkeys(p for p in PARTS.split(self._cell(row, "roles")) if p))
        often, due = self._cell(row, "frequency"), amount(self._cell(row, "due"))
        return Criterion(
            id=id,
            text=text,
            points=points,
            answer=answer,
            guide=guide,
            checker=Checker(roles, methods),
            frequency=_often(often, methods),
            severity=self._cell(row, "severity"),
            rectify=Rectify(int(due)) if due is not None and due > ZERO else None,
            line=row.number,
        )

    def modules(self) -> Iterator[Module]:
        """The tree with ids; points add up by themselves, and what a heading states is compared."""
        number = 0
        for opened in self.open:
            own = [_Open(opened.row, opened.title, criteria=opened.criteria)] if opened.criteria else []
            below = [i for i in (*own, *opened.items) if i.criteria]
            if not below:
                continue
            number += 1
            name = self._name(opened.code, f"M{number}")
            items = tuple(self._item(item, f"{name}.{n}") for n, item in enumerate(below, 1))
            points = sum((i.points for i in items), ZERO)
            self._compare(opened, points)
            yield Module(name, opened.title or name, points, items)

    def _item(self, opened: _Open, supposed: str) -> Item:
        name = self._name(opened.code, supposed)
        criteria = tuple(
            replace(c, id=c.id or self._name("", f"{name}.{n:02d}")) for n, c in enumerate(opened.criteria, 1)
        )
        points = sum((c.points for c in criteria), ZERO)
        self._compare(opened, points)
        return Item(name, opened.title or name, points, criteria)

    def _name(self, code: str, supposed: str) -> str:
        """The code that stands in the sheet where it is free, else the next one."""
        name = code if code and code not in self.ids else supposed
        while name in self.ids:
            name += "x"
        self.ids.add(name)
        return name

    def _compare(self, opened: _Open, points: Decimal) -> None:
        if opened.stated is not None and opened.stated != points:
            params = {"title": opened.title, "stated": str(opened.stated), "found": str(points)}
            self.notes.append(Remark(opened.row, None, "heading_differs", params))
