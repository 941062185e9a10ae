"""Packs: what is wrong with one is said with file, line and place; what is right becomes an organisation."""

import datetime as dt
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.conf import settings

from kezun.kernel.actor import SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org.models import Assignment, LeadingGroup, Person, Unit, UnitPlace
from kezun.site.cli import main
from kezun.site.packs.install import install, install_files
from kezun.site.packs.pack import PackError, check, find, read
from kezun.site.packs.schema import StaffFile, UnitEntry
from kezun.site.packs.staff import invent

DEMO = Path(settings.ROOT) / "packs" / "demo-bank"
ANCHOR = dt.date(2026, 3, 31)


def line_of(folder, file, text):
    lines = (folder / file).read_text(encoding="utf-8").splitlines()
    return max(n for n, line in enumerate(lines, 1) if text in line)


def test_the_small_pack_is_right(small):
    assert check(small) == []
    pack = read(small)
    assert (pack.name, pack.file.version, len(pack.file.units)) == ("small", 3, 4)
    assert pack.special_days("pension") == {dt.date(2026, 3, 5)}


def test_days_before_the_anchor(small):
    wanted = read(small).organisation(ANCHOR)
    assert wanted.moves[0].from_date == dt.date(2026, 3, 21)
    row = next(a for a in wanted.assignments if a.unit == "HQ")
    assert (row.from_date, row.to_date) == (dt.date(2026, 3, 1), dt.date(2026, 3, 11))
    deputy = next(a for a in wanted.assignments if a.deputy_for)
    assert (deputy.person, deputy.unit, deputy.post, deputy.deputy_for) == ("O1-01", "B1", "head", "BOSS")


MISTAKES = [
    ("pack.yaml", "version: 3", "version: three", "version", "not a number"),
    ("pack.yaml", "version: 3", "version: 0", "version", "between"),
    ("pack.yaml", "version: 3", "version: 3\nversion: 4", "version", "twice"),
    ("pack.yaml", "version: 3", "verzion: 3", "verzion", "not known"),
    ("pack.yaml", "title: 小银行\n", "", "(file)", "«title» is missing"),
    ("pack.yaml", "pack: small", "pack: other", "pack", "folder"),
    ("pack.yaml", "pack: small", "pack: Small Bank", "pack", "form"),
    ("pack.yaml", "kind: tier1", "kind: tier9", "units[1].kind", "not one of"),
    ("pack.yaml", "kind: tier1", "kind: tier1, colour: red", "units[1].colour", "not known"),
    ("pack.yaml", "name: 分行", "name: 12", "units[1].name", "quotes"),
    ("pack.yaml", "name: 分行", "name: ''", "units[1].name", "characters"),
    ("pack.yaml", "tags: [large]", "tags: large", "units[2].tags", "list"),
    ("pack.yaml", "{code: B1, parent: HQ,", "{code: B1, parent: HX,", "units[1].parent", "«HX»"),
    ("pack.yaml", "{code: B1, parent: HQ,", "{code: B1, parent: O1,", "units[1].parent", "under itself"),
    ("pack.yaml", "{code: HQ, kind", "{code: HQ, parent: B1, kind", "units", "root"),
    ("pack.yaml", "{code: O2, parent: B1", "{code: O1, parent: B1", "units[3].code", "line 12"),
    ("pack.yaml", "from: 2020-01-01", "from: 2020-02-30", "units[3].from", "not a day"),
    ("pack.yaml", "from: 2020-01-01", "from: tomorrow", "units[3].from", "form"),
    ("pack.yaml", "from: day-30, to: day-20", "from: day-20, to: day-30", "assignments[0].to", "before"),
    ("pack.yaml", "zone: Asia/Shanghai", "zone: Asia/Nowhere", "zone", "time zone"),
    ("pack.yaml", "from: 2020-01-01}", "zone: Mars}", "units[3].zone", "time zone"),
    ("pack.yaml", "{unit: O2, parent: HQ", "{unit: OX, parent: HQ", "moves[0].unit", "«OX»"),
    ("pack.yaml", "{unit: O2, parent: HQ", "{unit: O2, parent: O2", "moves[0].parent", "under itself"),
    ("pack.yaml", "role: unit_head", "role: king", "posts[1].role", "«king»"),
    ("pack.yaml", "post: head, line: retail", "post: king", "people[0].post", "«king»"),
    ("pack.yaml", "line: retail", "line: gold", "people[0].line", "«gold»"),
    ("pack.yaml", "unit: B1, post: head, line", "unit: BX, post: head, line", "people[0].unit", "«BX»"),
    (
        "pack.yaml",
        "{person: BOSS, unit: HQ",
        "{person: NOBODY, unit: HQ",
        "assignments[0].person",
        "«NOBODY»",
    ),
    ("pack.yaml", "for: BOSS", "for: O9-01", "deputies[0].for", "«O9-01»"),
    ("pack.yaml", "{person: O1-02}", "{person: O1-99}", "groups[0].members[1].person", "«O1-99»"),
    ("pack.yaml", "duty: head", "duty: chief", "groups[0].members[0].duty", "not one of"),
    ("pack.yaml", "password: a-demo-password-2026", "password: short", "demo.password", "characters"),
    ("pack.yaml", "username: teller", "username: boss", "demo.sign_ins[1].username", "«boss»"),
    ("pack.yaml", "calendar: calendar.csv", "calendar: none.csv", "(file)", "no such file"),
    ("pack.yaml", "staff: staff.yaml", "staff: ../../etc/passwd", "(file)", "no such file"),
    ("lines.csv", "wealth,财富,Wealth,retail", "wealth,财富,Wealth,gold", "lines[1].parent", "«gold»"),
    ("lines.csv", "wealth,财富,Wealth,retail", "wealth,财富,Wealth", "lines[1]", "3 cells"),
    ("lines.csv", "name,name_en", "nam,name_en", "lines[0].nam", "not known"),
    ("calendar.csv", "2026-03-05,pension", "2026-03-05,party", "[1].kind", "not one of"),
    ("calendar.csv", "2026-03-05", "2026-03-32", "[1].date", "not a day"),
    ("staff.yaml", "surnames: [王, 李]", "surnames: []", "surnames", "at least one"),
    ("staff.yaml", "{head: 1, teller: 3}", "{king: 1}", "establishments[1].posts.king", "«king»"),
    ("staff.yaml", "{head: 1, teller: 3}", "{head: -1}", "establishments[1].posts.head", "between"),
    ("staff.yaml", "{head: 1, teller: 3}", "3", "establishments[1].posts", "mapping"),
    ("simulator.yaml", "hours: [1, 2, 1]", "hours: [1, 2]", "queues[0].pattern.hours", "3"),
    ("simulator.yaml", "hours: [1, 2, 1]", "hours: [0, 0, 0]", "queues[0].pattern.hours", "above 0"),
    ("simulator.yaml", "weekday: [1, 1, 1,", "weekday: [1, 1,", "queues[0].pattern.weekday", "7 values"),
    ("simulator.yaml", "kind: outlet", "kind: call_centre", "queues[0].kind", "call_centre"),
    ("simulator.yaml", "coverage: [0.5, 0.7]", "coverage: [0.7, 0.5]", "queues[0].ratings.coverage", "first"),
    ("simulator.yaml", "unit: O1, first: 5", "unit: O9, first: 5", "stories[0].unit", "«O9»"),
    ("simulator.yaml", "unit: O1, first: 5", "unit: O1, first: 5, last: 6", "stories[0].last", "fewer"),
    ("simulator.yaml", "seed: 7", "seed: true", "seed", "not a number"),
    ("profiles/tickets.yaml", "fact: ticket", "fact: tricket", "fact", "tricket"),
    ("profiles/tickets.yaml", "profile: tickets", "profile: other", "profile", "like the file"),
    ("profiles/tickets.yaml", "wait_s: {from: wait_s}", "wait_h: {from: wait_s}", "columns.wait_h", "column"),
    (
        "profiles/tickets.yaml",
        "wait_s: {from: wait_s}",
        "wait_s: {frm: w}",
        "columns.wait_s.frm",
        "not known",
    ),
    ("profiles/tickets.yaml", "kind: parquet", "kind: stone", "format.kind", "not one of"),
    ("indicators/own.yaml", "kind: count", "kind: guess", "small.large_tickets", "guess"),
]


@pytest.mark.parametrize(("file", "old", "new", "path", "says"), MISTAKES)
def test_a_mistake_is_named_where_it_stands(bend, file, old, new, path, says):
    folder = bend(file, old, new)
    found = check(folder)
    fitting = [m for m in found if (m.path == path or m.path.startswith(path)) and says in m.message]
    assert fitting, [str(m) for m in found]
    lost = path == "(file)" and "no such file" in says
    if new and not lost and "missing" not in says and "root" not in says:
        assert fitting[0].file == file
        in_header = path == "lines[0].nam"
        assert fitting[0].line == line_of(folder, file, new.splitlines()[-1]) + in_header


def test_all_mistakes_are_told_at_once_in_order(bend):
    bend("pack.yaml", "kind: tier1", "kind: tier9")
    bend("pack.yaml", "role: teller", "rank: teller")
    folder = bend("simulator.yaml", "opens: 9", "opens: nine")
    found = check(folder)
    assert [(m.file, m.path) for m in found] == [
        ("pack.yaml", "units[1].kind"),
        ("pack.yaml", "posts[0]"),
        ("pack.yaml", "posts[0].rank"),
        ("simulator.yaml", "queues[0].pattern.opens"),
    ]
    assert str(found[0]).startswith("pack.yaml:11: units[1].kind: ")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"pack: [", "not YAML"),
        (b"pack: \xff\xfe", "UTF-8"),
        (b"- 1", "mapping"),
        (b"units: !!python/object:os.system {}", "not YAML"),
        ("编码".encode("gbk"), "UTF-8"),
        (b"[" * 5000, "not YAML"),
    ],
)
def test_a_file_that_cannot_be_read(small, content, says):
    (small / "pack.yaml").write_bytes(content)
    found = check(small)
    assert len(found) == 1
    assert says in found[0].message


def test_a_huge_file_is_refused_unread(small):
    with (small / "units.csv").open("wb") as out:
        out.truncate(21 * 1024 * 1024)
    text = (small / "pack.yaml").read_text(encoding="utf-8")
    start, end = text.index("units:"), text.index("moves:")
    (small / "pack.yaml").write_text(f"{text[:start]}units: units.csv\n{text[end:]}", encoding="utf-8")
    assert any("20 MiB" in m.message for m in check(small))


def test_a_table_may_be_a_csv_with_several_tags_in_a_cell(small):
    text = (small / "pack.yaml").read_text(encoding="utf-8")
    start, end = text.index("units:"), text.index("moves:")
    (small / "pack.yaml").write_text(f"{text[:start]}units: units.csv\n{text[end:]}", encoding="utf-8")
    rows = [
        "HQ,,head_office,总行,",
        "B1,HQ,tier1,分行,",
        "",
        "O1,B1,outlet,网点一,large|county",
        "O2,B1,outlet,二,",
    ]
    table = "\n".join(["code,parent,kind,name,tags", *rows])
    (small / "units.csv").write_text(table, encoding="utf-8-sig")
    assert read(small).file.units[2].tags == ("large", "county")
    (small / "units.csv").write_text(table.replace("tier1", "tier9"), encoding="utf-8")
    assert [(m.file, m.line, m.path) for m in check(small)] == [("units.csv", 3, "units[1].kind")]


def test_an_empty_folder_is_no_pack(tmp_path):
    with pytest.raises(PackError, match="no such file"):
        read(tmp_path)


def test_find_takes_the_first_folder_that_has_the_pack(small, tmp_path):
    assert find("small", [tmp_path / "none", tmp_path]) == small
    with pytest.raises(LookupError, match="other"):
        find("other", [tmp_path])


def units(*codes):
    return tuple(UnitEntry(code=c, kind="outlet", name=c, tags=("large",)) for c in codes)


def test_invented_people_have_phones_that_are_nobodys():
    pack = read(DEMO)
    people = invent(pack.staff, pack.file.units)
    phones = [person.phone for person in people]
    assert all(re.fullmatch(r"129\d{8}", phone) for phone in phones)
    assert len(set(phones)) > 0.99 * len(people) > 1000
    assert phones == [person.phone for person in invent(pack.staff, pack.file.units)]


def test_invented_people_are_the_same_and_stay_when_a_unit_is_added():
    staff = read(DEMO).staff
    assert isinstance(staff, StaffFile)
    two, three = invent(staff, units("X1", "X3")), invent(staff, units("X1", "X2", "X3"))
    assert two == tuple(p for p in three if p.unit != "X2")
    assert len({p.code for p in three}) == len(three)
    assert len({p.name for p in three}) > len(three) * 0.8
    assert invent(staff, (UnitEntry(code="Y", kind="head_office", name="y"),))[0].post == "unit_head"


def test_the_demo_bank_is_as_large_as_its_readme_says():
    pack = read(DEMO)
    kinds = [u.kind for u in pack.file.units]
    assert {k: kinds.count(k) for k in set(kinds)} == {
        **{"head_office": 1, "tier1": 3, "tier2": 9, "sub_branch": 36, "outlet": 120, "call_centre": 1},
        "department": 6,
    }
    wanted = pack.organisation(ANCHOR)
    assert 1400 <= len(wanted.people) <= 1600
    names = [u.name for u in pack.file.units]
    assert len(set(names)) == len(names)
    posts = {a.post for a in wanted.assignments}
    assert posts == {p.code for p in pack.file.posts}
    told = (DEMO / "README.md").read_text(encoding="utf-8")
    for story in pack.simulator.stories:
        assert story.unit in told
        assert f"D-{story.first}" in told or story.first == 89
    assert len(pack.file.demo.sign_ins) >= 6
    for move in pack.file.moves:
        assert f"{move.unit} | D-{move.from_.removeprefix('day-')}" in told


# --- the commands ------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path, settings):
    settings.KEZUN_HOME = tmp_path / "home"
    settings.KEZUN_HOME.mkdir()
    return settings.KEZUN_HOME


def kezun(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def test_check_pack_says_what_is_right_and_exits_1_on_mistakes(bend, small):
    right = kezun("check-pack", small)
    assert (right.exit_code, "small 3" in right.output, "9" in right.output) == (0, True, True)
    wrong = kezun("check-pack", bend("pack.yaml", "kind: tier1", "kind: tier9"))
    assert wrong.exit_code == 1
    assert "pack.yaml:11: units[1].kind" in wrong.output
    assert kezun("check-pack", small / "nowhere").exit_code == 2


@pytest.mark.django_db
def test_load_pack_twice_changes_nothing(small, home):
    first = kezun("load-pack", small, "--anchor", "2026-03-31")
    assert first.exit_code == 0, first.output
    assert "person 9" in first.output
    counts = [t.objects.count() for t in (Unit, UnitPlace, Person, Assignment, LeadingGroup, TrailEntry)]
    assert UnitPlace.objects.filter(unit__code="O2", from_date=dt.date(2026, 3, 21)).exists()
    again = kezun("load-pack", small, "--anchor", "2026-04-30")
    assert again.exit_code == 0
    assert counts == [
        t.objects.count() for t in (Unit, UnitPlace, Person, Assignment, LeadingGroup, TrailEntry)
    ]
    verbs = set(TrailEntry.objects.values_list("verb", flat=True))
    assert verbs == {"org.load", "site.install_pack"}


@pytest.mark.django_db
def test_load_pack_with_a_mistake_loads_nothing(bend, home):
    result = kezun("load-pack", bend("pack.yaml", "role: unit_head", "role: king"))
    assert result.exit_code == 1
    assert Unit.objects.count() == 0
    assert list(home.iterdir()) == []


@pytest.mark.django_db
def test_an_anchor_must_be_a_day(small, home):
    assert kezun("load-pack", small, "--anchor", "yesterday").exit_code == 2


@pytest.mark.django_db
def test_whoever_loads_needs_the_right(small, home, person_in):
    teller = person_in("teller", "O1")
    result = kezun("load-pack", small, "--as", teller.code)
    assert result.exit_code == 1
    assert not Unit.objects.filter(code="B1").exists()


@pytest.mark.django_db
def test_indicators_and_foreign_profiles_are_kept_in_the_home(small, home):
    actor = SystemActor("test")
    kept = install(actor, read(small))
    assert kept == [
        "indicators/small/own.yaml",
        "packs/small/profiles/ratings.yaml",
        "packs/small/profiles/tickets.yaml",
    ]
    assert (home / kept[0]).read_bytes() == (small / "indicators/own.yaml").read_bytes()
    assert install(actor, read(small)) == []
    (small / "profiles/tickets.yaml").open("a", encoding="utf-8").write("version: 2\n")
    assert install(actor, read(small)) == ["packs/small/profiles/tickets.yaml"]
    assert install_files(actor, "small", 3, {}) == []


@pytest.mark.django_db
def test_profiles_of_packs_in_their_usual_folder_stay_there(small, home, settings):
    settings.KEZUN_PACKS = [small.parent]
    assert install(SystemActor("test"), read(small)) == ["indicators/small/own.yaml"]


def test_holidays_that_are_not_published_yet_are_marked_so():
    rows = (DEMO / "calendar.csv").read_text(encoding="utf-8").splitlines()[1:]
    days = [row for row in rows if row.split(",")[1] in {"holiday", "workday"}]
    marked = {row[:4] for row in days if "暂定" in row and "provisional" in row}
    assert marked == {row[:4] for row in days if row >= "2027"} == {"2027", "2028"}
    assert not [row for row in days if row < "2027" and "暂定" in row]
    assert {"2025-01-28,holiday", "2025-01-26,workday"} <= {",".join(row.split(",")[:2]) for row in days}
