"""Files of a pack as people really write them: broken, huge, repeated, in the wrong script."""

import csv
import datetime as dt
from typing import Annotated, Literal

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Meta, Struct

from kezun.org.rules.rows import FIRST_DAY, LAST_DAY
from kezun.site.packs import check as checks
from kezun.site.packs.check import Checked, Mistake, check_shape, read_csv, read_yaml
from kezun.site.packs.meaning import day_of
from kezun.site.packs.pack import check, read
from kezun.site.packs.schema import Establishment, LineEntry, StaffFile, UnitEntry
from kezun.site.packs.staff import establishment, invent

ANCHOR = dt.date(2026, 3, 31)


class Inner(Struct, forbid_unknown_fields=True):
    size: Annotated[int, Meta(ge=1, le=9)]
    tags: tuple[str, ...] = ()


class Outer(Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=2, max_length=4)]
    kind: Literal["a", "b"] = "a"
    ratio: Annotated[float, Meta(ge=0)] = 0.0
    on: bool = False
    pair: tuple[int, int] = (0, 0)
    inner: Inner | None = None
    named: dict[str, Inner] = {}
    either: Inner | tuple[Inner, ...] | None = None


def shaped(data):
    found = Checked(data, {"": ("f", 1)})
    check_shape(found, Outer)
    return [(m.path, m.message) for m in found.mistakes]


@pytest.mark.parametrize(
    ("data", "path", "says"),
    [
        ([], "(file)", "Here a mapping (key: value) is expected."),
        ({}, "(file)", "«name» is missing: add it."),
        ({"name": 12}, "name", "«12» is not text: put it in quotes."),
        ({"name": "x"}, "name", "The text must have 2 to 4 characters."),
        ({"name": "xxxxx"}, "name", "The text must have 2 to 4 characters."),
        ({"name": "ok", "kind": "c"}, "kind", "«c» is not one of: a, b."),
        ({"name": "ok", "kind": ["a"]}, "kind", "«['a']» is not one of: a, b."),
        ({"name": "ok", "ratio": -0.1}, "ratio", "-0.1 is not between 0 and inf."),
        ({"name": "ok", "ratio": float("nan")}, "ratio", "nan is not between 0 and inf."),
        ({"name": "ok", "ratio": float("inf")}, "ratio", "«inf» is not a number."),
        ({"name": "ok", "ratio": True}, "ratio", "«True» is not a number."),
        ({"name": "ok", "on": "yes"}, "on", "Here true or false is expected."),
        ({"name": "ok", "on": 1}, "on", "Here true or false is expected."),
        ({"name": "ok", "pair": [1]}, "pair", "Here a list of 2 values is expected."),
        ({"name": "ok", "pair": [1, "x"]}, "pair[1]", "«x» is not a number."),
        ({"name": "ok", "inner": {"size": 10}}, "inner.size", "10 is not between 1 and 9."),
        ({"name": "ok", "inner": {"size": 1, "tags": "x"}}, "inner.tags", "Here a list is expected."),
        ({"name": "ok", "named": [1]}, "named", "Here a mapping (key: value) is expected."),
        ({"name": "ok", "named": {"k": {"size": 0}}}, "named.k.size", "0 is not between 1 and 9."),
        ({"name": "ok", "either": [{"size": 0}]}, "either[0].size", "0 is not between 1 and 9."),
        ({"name": "ok", "either": {"size": 0}}, "either.size", "0 is not between 1 and 9."),
        ({"name": "ok", 7: 1}, "7", "This key is not known here; known are: name, kind"),
    ],
    ids=lambda v: None if isinstance(v, str) else str(v)[:40],
)
def test_what_does_not_fit_a_shape(data, path, says):
    ((where, message),) = shaped(data)
    assert where == path
    assert message.startswith(says)


@pytest.mark.parametrize(
    "data",
    [
        {"name": "ok"},
        {"name": "ok", "inner": None, "either": None},
        {"name": "ok", "either": {"size": 1}},
        {"name": "ok", "either": [{"size": 1}, {"size": 9, "tags": ["x"]}]},
        {"name": "ok", "named": {}, "pair": [1, 2], "ratio": 3, "on": True, "kind": "b"},
        {"name": "ok", "ratio": 10**400},
    ],
)
def test_what_fits_a_shape(data):
    assert shaped(data) == []


def yaml_of(tmp_path, content):
    path = tmp_path / "f.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_yaml(path, "f.yaml")


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        ("", 1, "The file is empty."),
        ("# only a remark\n", 1, "The file is empty."),
        ("a: 1\nb: [", 2, "This is not YAML"),
        ("a: 1\n\tb: 2", 2, "This is not YAML"),
        ("a: 1\na: 2\n", 2, "This key stands here twice: keep one."),
        ("a:\n  b: 1\n  b: 2\n", 3, "This key stands here twice: keep one."),
        ("a: 1\nb: x\x07y\n", 2, "Here stands the character U+0007, which YAML does not allow: delete it."),
        ("a: 1\n\nb: \0", 3, "Here stands a zero character: delete it."),
        (b"a: 1\nb: \xff\n", 2, "This is not UTF-8: save the file as UTF-8."),
        ("a: !!python/name:os.system\n", 1, "This is not YAML"),
        ("a: 1\n---\nb: 2\n", 2, "This is not YAML"),
        ("a: *b\n", 1, "This is not YAML"),
    ],
    ids=lambda v: None if not isinstance(v, str | bytes) else repr(v)[:24],
)
def test_a_yaml_file_that_cannot_be_used_is_told_with_its_line(tmp_path, content, line, says):
    found = yaml_of(tmp_path, content)
    assert [(m.file, m.line) for m in found.mistakes] == [("f.yaml", line)]
    assert found.mistakes[0].message.startswith(says)


def test_a_file_that_repeats_itself_by_references_is_refused_soon(tmp_path, monkeypatch):
    monkeypatch.setattr(checks, "MAX_VALUES", 500)
    steps = "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in ("ab", "bc", "cd"))
    found = yaml_of(tmp_path, f"a: &a [x, x]\n{steps}")
    assert "more than 500,000 values" in found.mistakes[0].message
    assert len(found.lines) <= 501


def test_days_and_words_stay_text_and_every_value_knows_its_line(tmp_path):
    found = yaml_of(tmp_path, "\ufeffday: 2026-03-01\nrows:\n  - {a: 1}\n  -\n    b: two\n")
    assert found.data == {"day": "2026-03-01", "rows": [{"a": 1}, {"b": "two"}]}
    assert found.mistakes == []
    lines = {"day": 1, "rows": 2, "rows[0].a": 3, "rows[1].b": 5, "rows[1].b.deeper[3].still": 5, "none": 1}
    assert {path: found.where(path)[1] for path in lines} == lines


def csv_of(tmp_path, text, row=LineEntry):
    path = tmp_path / "f.csv"
    path.write_bytes(text.encode())
    return read_csv(path, "f.csv", row)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("code,name\na\n", 2, "1 cells, but the header has 2."),
        ("code,name\na,b,c\n", 2, "3 cells, but the header has 2."),
        ("code,name\n\n\na\n", 4, "1 cells"),
        ("code,name,name\na,b,c\n", 1, "The heading «name» stands here twice: keep one."),
        ("code,name\na,b\0\n", 2, "Here stands a zero character: delete it."),
        (f"code,name\na,{'x' * 140_000}\n", 2, "This is not CSV"),
        ('code,name\n"a\nb",c\nd\n', 4, "1 cells"),
    ],
    ids=["short", "long", "after-blank-lines", "heading-twice", "zero", "huge-cell", "after-a-quoted-break"],
)
def test_a_csv_file_that_cannot_be_used_is_told_with_its_line(tmp_path, text, line, says):
    found = csv_of(tmp_path, text)
    assert [m.line for m in found.mistakes] == [line]
    assert found.mistakes[0].message.startswith(says)


CELLS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r\n", exclude_categories=["Cs"]), max_size=8
)


@given(rows=st.lists(st.tuples(CELLS, CELLS), max_size=5))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_come_back_as_they_were_written(tmp_path, rows):
    path = tmp_path / "written.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([("code", "name"), *rows])
    found = read_csv(path, "written.csv", LineEntry)
    wanted = [{k: v.strip() for k, v in (("code", a), ("name", b)) if v.strip()} for a, b in rows if a or b]
    assert (found.data, found.mistakes) == (wanted, [])


def test_a_list_in_a_cell_is_parted_by_bars_only_where_the_shape_has_a_list(tmp_path):
    found = csv_of(tmp_path, "code,name,tags\nO1,a|b,x|y\nO2,c,\n", UnitEntry)
    assert found.data == [{"code": "O1", "name": "a|b", "tags": ["x", "y"]}, {"code": "O2", "name": "c"}]


def test_a_mistake_reads_as_editors_and_people_expect():
    assert str(Mistake("a.yaml", 3, "units[0].kind", "wrong")) == "a.yaml:3: units[0].kind: wrong"


FOREIGN = [
    ("pack.yaml", "zone: Asia/Shanghai", "zone: Asia", "zone", "“Asia”不是", "«Asia» is not a time zone"),
    ("pack.yaml", "zone: Asia/Shanghai", "zone: ''", "zone", "“”不是", "«» is not a time zone"),
    (
        *("pack.yaml", "- {person: O1-01, for: BOSS", "- {person: BOSS, for: BOSS"),
        *("deputies[0].person", "不能代理自己", "Nobody stands in for themselves"),
    ),
    (
        *("pack.yaml", "calendar: calendar.csv", "calendar: [1]"),
        *("calendar", "[1]", "is not text"),
    ),
    (
        *("simulator.yaml", "hours: [1, 2, 1]", "hours: [.inf, 2, 1]"),
        *("queues[0].pattern.hours[0]", "inf", "«inf» is not a number"),
    ),
    ("calendar.csv", "2026-03-05", "day-3", "[1].date", "day-3", "«day-3» is not a day of the calendar"),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "path", "zh", "en"), FOREIGN, ids=[f[3] + f[2][:18] for f in FOREIGN]
)
def test_a_mistake_reads_in_both_languages(bend, file, old, new, path, zh, en):
    folder = bend(file, old, new)
    (english,) = [m for m in check(folder) if m.path == path]
    assert en in english.message
    with translation.override("zh-hans"):
        (chinese,) = [m for m in check(folder) if m.path == path]
    assert zh in chinese.message
    assert (chinese.line, chinese.file) == (english.line, english.file)
    assert chinese.message != english.message


def test_who_holds_no_post_cannot_be_stood_in_for(bend):
    bend("pack.yaml", "  - {person: BOSS, unit: HQ, post: head, from: day-30, to: day-20}\n", "  []\n")
    folder = bend("pack.yaml", ", post: head, line: retail}", ", line: retail}")
    assert [(m.path, m.message) for m in check(folder)] == [
        ("deputies[0].for", "«BOSS» holds no post to stand in for: give one.")
    ]


def test_a_deputy_takes_the_first_post_of_who_is_stood_in_for(small):
    wanted = read(small).organisation(ANCHOR)
    deputy = next(row for row in wanted.assignments if row.deputy_for)
    assert (deputy.person, deputy.unit, deputy.post, deputy.deputy_for) == ("O1-01", "B1", "head", "BOSS")
    assert (deputy.from_date, deputy.to_date) == (dt.date(2026, 3, 26), LAST_DAY)
    assert [row.line for row in wanted.assignments if row.person == "BOSS"] == ["retail", ""]


def test_what_is_not_said_begins_and_ends_as_ever(small):
    units = {row.code: row for row in read(small).organisation(ANCHOR).units}
    assert (units["HQ"].from_date, units["HQ"].to_date, units["HQ"].parent) == (FIRST_DAY, LAST_DAY, "")
    assert units["O2"].from_date == dt.date(2020, 1, 1)
    assert {row.zone for row in units.values()} == {"Asia/Shanghai"}
    assert units["O1"].tags == {"large"}


@given(st.integers(0, 9999), st.dates(dt.date(1990, 1, 1), dt.date(2090, 1, 1)))
def test_a_day_before_the_anchor_is_counted_back(days, anchor):
    assert (anchor - day_of(f"day-{days}", anchor)).days == days
    assert day_of(anchor.isoformat(), ANCHOR) == anchor


RULES = (
    Establishment(kind="outlet", unit="O9", posts={"head": 1}),
    Establishment(kind="outlet", tag="large", posts={"teller": 3, "head": 1}),
    Establishment(kind="outlet", posts={"teller": 1}),
)
STAFF = StaffFile(seed=1, surnames=("王", "李"), given=("安", "平"), establishments=RULES)


@pytest.mark.parametrize(
    ("unit", "posts"),
    [
        (UnitEntry(code="O9", kind="outlet", name="n", tags=("large",)), ["head"]),
        (UnitEntry(code="O1", kind="outlet", name="n", tags=("x", "large")), ["teller"] * 3 + ["head"]),
        (UnitEntry(code="O2", kind="outlet", name="n"), ["teller"]),
        (UnitEntry(code="B1", kind="tier1", name="n"), []),
    ],
    ids=["by-code", "by-tag", "all-others", "nobody"],
)
def test_the_first_rule_that_fits_staffs_a_unit(unit, posts):
    people = invent(STAFF, (unit,))
    assert [person.post for person in people] == posts
    assert [person.code for person in people] == [f"{unit.code}-{n:02}" for n in range(1, len(posts) + 1)]
    assert (establishment(STAFF, unit) is None) == (not posts)
    assert all(person.phone.startswith("129") and len(person.phone) == 11 for person in people)
    assert all(person.name[0] in "王李" and person.name[1] in "安平" for person in people)
