"""Working calendars in the tables: installed, kept by version, inherited by units, settled by two."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import translation

from kezun.kernel.actor import SystemActor
from kezun.org import actions, calendars, queries, shipped
from kezun.org.calendartables import table_of
from kezun.org.models import Calendar, CalendarDay, CalendarYear
from kezun.org.rules import calendarfile
from kezun.org.rules.calendar import Day, Kind
from kezun.org.rules.worktime import Basis
from tools import holidays

pytestmark = pytest.mark.django_db
SYSTEM = SystemActor("test")
MAKEUP, SATURDAY, HOLIDAY = dt.date(2026, 10, 10), dt.date(2026, 9, 19), dt.date(2026, 10, 3)


@pytest.fixture
def cn(db) -> Calendar:
    shipped.install_all(SYSTEM)
    return Calendar.objects.get(code="cn")


def test_what_ships_is_installed_once_with_its_years(cn):
    assert [c.code for c in Calendar.objects.order_by("code")] == ["always", "cn", "cn-weekend"]
    assert cn.days.count() == 771
    assert cn.years.filter(status="official").count() == 23
    assert shipped.install_all(SYSTEM) == [], "a second time changes nothing"


def test_the_table_that_ships_is_what_the_tool_writes():
    """Whoever edits it by hand, or forgets to run the tool, is told."""
    known = pytest.importorskip("chinese_calendar")
    written = [",".join(row) for row in holidays.named(known)]
    there = calendarfile.read(holidays.TABLE.read_text(encoding="utf-8"))[0]
    assert len(there) == len(written)
    for day, row in zip(there, written, strict=True):
        assert row.startswith(f"{day.date.isoformat()},{day.kind.value},{day.name}")


@pytest.mark.once
def test_every_day_is_worked_exactly_where_the_package_says_so():
    known = pytest.importorskip("chinese_calendar")
    worktime = calendars.worktime_of("cn")
    day = dt.date(2004, 1, 1)
    while day.year < 2027:
        assert worktime.is_workday(day) == (
            day in known.workdays or (day.weekday() < 5 and day not in known.holidays)
        )
        day += dt.timedelta(days=1)


def test_a_product_that_knows_one_more_year_brings_it_and_leaves_the_banks_own(cn, tmp_path):
    (tmp_path / "calendars.yaml").write_text(
        "- {code: cn, name: n, windows: '8:30-17:30', days: t.csv, official: [2026, 2028]}\n"
    )
    (tmp_path / "t.csv").write_text("date,kind\n2026-01-05,rest\n2027-01-01,holiday\n2028-01-03,holiday\n")
    actions.set_calendar_day(SYSTEM, cn, date=dt.date(2027, 2, 8), kind="rest", name="own")
    version = Calendar.objects.get(pk=cn.pk).version
    assert [c.code for c in shipped.install_all(SYSTEM, tmp_path)] == ["cn"]
    after = Calendar.objects.get(pk=cn.pk)
    assert after.version == version + 1
    assert after.name == cn.name
    own = {d.on_date.isoformat() for d in after.days.filter(on_date__year__gt=2026)}
    assert own == {"2027-02-08", "2028-01-03"}, "the bank has begun with 2027 itself"
    assert not after.days.filter(on_date="2026-01-05").exists()
    assert set(after.years.filter(year__gt=2026).values_list("year", "status")) == {(2028, "official")}


@pytest.mark.parametrize(
    ("listed", "table", "said"),
    [
        (
            "- {code: x, name: n, windows: '8:30-17:30', days: t.csv}",
            "date,kind\nsoon,rest\n",
            r"t\.csv:2: .*soon",
        ),
        ("- {code: x, name: n, windows: '8:30-17:30', days: u.csv}", "", r"calendars\.yaml:1: .*u\.csv"),
        ("- {code: x, name: n, windows: '8:30-17:30', days: ../t.csv}", "", r"\.\./t\.csv"),
        ("- {code: x, name: n, windows: late}", "", "x: .*late"),
        ("- {code: x, name: n, windows: '8:30-17:30', official: [2026, soon]}", "", "soon"),
        ("- {code: x, nmae: n}", "", "nmae"),
        ("code: x", "", r"calendars\.yaml:1"),
        ("- {code: [", "", r"calendars\.yaml:1"),
    ],
)
def test_a_calendar_of_a_folder_with_a_mistake_is_refused_with_its_place(tmp_path, listed, table, said):
    (tmp_path / "calendars.yaml").write_text(listed)
    (tmp_path / "t.csv").write_text(table)
    with pytest.raises(calendars.NotACalendar, match=said):
        calendars.shipped(tmp_path)


def test_before_anything_is_set_up_the_shipped_calendars_answer():
    assert Calendar.objects.count() == 0
    assert queries.worktime_for().is_workday(MAKEUP)
    outlet = queries.worktime_for(calendar="cn-weekend")
    assert outlet.is_workday(SATURDAY)
    assert not outlet.is_workday(HOLIDAY)
    assert queries.worktime_for(calendar="always").official is None
    assert [code for code, _name in calendars.calendar_choices()] == ["cn", "cn-weekend", "always"]
    with pytest.raises(ValidationError, match="mars"):
        queries.worktime_for(calendar="mars")


def test_without_tables_the_shipped_ones_answer_and_other_failures_are_not_hidden(monkeypatch):
    def broken(*given, **more):
        raise OperationalError("no such table: org_calendar")

    monkeypatch.setattr(calendars, "_stamps", broken)
    with pytest.raises(OperationalError):
        calendars.worktime_of("cn")
    monkeypatch.setattr(type(connection.introspection), "table_names", lambda self: [])
    assert calendars.worktime_of("cn").is_workday(MAKEUP)


def test_a_calendar_is_built_once_per_version(cn, django_assert_num_queries):
    first = queries.worktime_for()
    with django_assert_num_queries(1):
        assert queries.worktime_for() is first
    actions.set_calendar_day(SYSTEM, cn, date=SATURDAY, kind="makeup", name="加班")
    second = queries.worktime_for()
    assert second is not first
    assert second.is_workday(SATURDAY)
    assert 2026 not in second.official
    weekend = queries.worktime_for(calendar="cn-weekend")
    actions.set_calendar_day(SYSTEM, cn, date=MAKEUP, kind="rest")
    assert queries.worktime_for(calendar="cn-weekend") is not weekend, "what lies beneath counts too"


def test_no_process_keeps_more_calendars_than_it_needs(monkeypatch):
    monkeypatch.setattr(calendars, "KEPT", 2)
    monkeypatch.setattr(calendars, "_built", {})
    for code in ("cn", "always", "cn-weekend"):
        calendars.worktime_of(code)
    assert len(calendars._built) <= 2


def test_a_unit_works_by_its_own_calendar_or_the_nearest_above(cn, bank, django_assert_num_queries):
    weekend, always = (Calendar.objects.get(code=c) for c in ("cn-weekend", "always"))
    actions.set_unit_calendar(SYSTEM, bank["P1"], calendar=weekend)
    actions.set_unit_calendar(SYSTEM, bank["O2"], calendar=always)
    assert [calendars.code_for(bank[u]) for u in ("O1", "O2", "S1", "O3", "HO")] == [
        *("cn-weekend", "always", "cn-weekend", "cn", "cn")
    ]
    queries.worktime_for(bank["O1"])
    with django_assert_num_queries(2):
        assert queries.worktime_for(bank["O1"]).is_workday(SATURDAY)
    assert not queries.worktime_for(bank["O1"], "cn").is_workday(SATURDAY), "a named one comes first"
    actions.set_unit_calendar(SYSTEM, bank["O2"], calendar=None)
    assert calendars.code_for(bank["O2"]) == "cn-weekend"


def test_own_days_lie_over_those_of_the_base(cn):
    weekend = Calendar.objects.get(code="cn-weekend")
    actions.set_calendar_day(SYSTEM, weekend, date=HOLIDAY, kind="work", name="值班", windows="9:00-11:00")
    worktime = queries.worktime_for(calendar="cn-weekend")
    assert worktime.windows_of(HOLIDAY) == ((540, 660),)
    assert worktime.day(HOLIDAY).name == "值班"
    assert worktime.windows_of(SATURDAY) == ((540, 960),)
    assert 2026 in worktime.official, "a base's year is not unsettled by what lies over it"
    assert not queries.worktime_for(calendar="cn").is_workday(HOLIDAY)
    days = calendars.days_of(weekend, HOLIDAY, HOLIDAY)
    assert days == [Day(HOLIDAY, Kind.WORK, "值班", "", ((540, 660),))]


def test_a_day_is_set_changed_and_goes_as_its_week_does_again(cn):
    day = actions.set_calendar_day(SYSTEM, cn, date=SATURDAY, kind="makeup", windows="9:00-12:00")
    assert day.windows == "09:00-12:00", "written the one way"
    actions.set_calendar_day(SYSTEM, cn, date=SATURDAY, kind="rest", name="停电")
    assert [(d.kind, d.name) for d in cn.days.filter(on_date=SATURDAY)] == [("rest", "停电")]
    assert actions.set_calendar_day(SYSTEM, cn, date=SATURDAY, kind="") is None
    assert not cn.days.filter(on_date=SATURDAY).exists()


# --- a year becomes official ---


def test_a_year_is_proposed_by_one_and_published_by_another(cn, person_in):
    one, other = person_in("service_office", "HO"), person_in("security_admin", "HO")
    before = queries.worktime_for().due(Basis.WORKDAY, 30, dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC))
    assert before.provisional
    table = "date,kind,name\n2027-01-01,holiday,元旦\n2027-01-02,holiday,元旦\n"
    changes = actions.import_calendar(one, cn, table=table, counts={"added": 2, "changed": 0, "removed": 0})
    assert len(changes) == 2
    row = actions.propose_calendar_year(one, cn, year=2027, source="国办发明电〔2026〕7号")
    assert (row.status, row.proposed_by) == ("proposed", one)
    with pytest.raises(ValidationError, match="第二人"):
        actions.publish_calendar_year(one, row)
    assert queries.worktime_for().official == frozenset(range(2004, 2027))
    actions.publish_calendar_year(other, row)
    after = queries.worktime_for().due(Basis.WORKDAY, 30, dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC))
    assert not after.provisional
    assert after.due_at.date() == dt.date(2027, 1, 4), "the first of January no longer counts"
    with pytest.raises(ValidationError):
        actions.publish_calendar_year(other, row)


def test_any_change_of_a_settled_year_has_to_be_agreed_again(cn):
    row = cn.years.get(year=2026)
    actions.set_calendar_day(SYSTEM, cn, date=SATURDAY, kind="rest", name="x")
    row.refresh_from_db()
    assert (row.status, row.published_at) == ("provisional", None)
    assert cn.years.get(year=2025).status == "official"
    again = actions.propose_calendar_year(SYSTEM, cn, year=2026, source="国办发明电")
    assert again.pk == row.pk
    actions.retract_calendar_year(SYSTEM, again, reason="not yet")
    assert cn.years.get(year=2026).status == "provisional"
    with pytest.raises(ValidationError):
        actions.retract_calendar_year(SYSTEM, again, reason="twice")


def test_only_calendars_with_a_table_of_their_own_have_official_years(cn):
    for code in ("cn-weekend", "always"):
        calendar = Calendar.objects.get(code=code)
        actions.set_calendar_day(SYSTEM, calendar, date=SATURDAY, kind="rest", name="x")
        with pytest.raises(ValidationError):
            actions.propose_calendar_year(SYSTEM, calendar, year=2026, source="国办发明电")


def test_the_tables_themselves_refuse_what_cannot_be(cn, person_in):
    one = person_in("service_office", "HO")
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    for wrong in (
        lambda: CalendarYear.objects.create(
            calendar=cn, year=2040, status="official", published_at=now, proposed_by=one, published_by=one
        ),
        lambda: CalendarYear.objects.create(calendar=cn, year=2040, status="official"),
        lambda: CalendarYear.objects.create(calendar=cn, year=2026),
        lambda: CalendarDay.objects.create(calendar=cn, on_date="2026-10-01", kind="rest"),
        lambda: CalendarDay.objects.create(calendar=cn, on_date="2040-10-01", kind="feast"),
        lambda: Calendar.objects.filter(pk=cn.pk).update(base=cn),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            wrong()


# --- a table is taken over ---


def test_a_table_replaces_the_years_that_occur_in_it_and_no_others(cn):
    table = "date,kind,name\n2026-01-01,holiday,元旦\n2026-10-01,holiday,国庆\n2026-12-31,rest,年终\n"
    changes = actions.changes_of(cn, calendarfile.read(table)[0])
    counts = actions.tally(changes)
    assert counts == {"added": 1, "changed": 2, "removed": 37}, "names in English go, so two days change"
    actions.import_calendar(SYSTEM, cn, table=table, counts=counts)
    assert cn.days.filter(on_date__year=2026).count() == 3
    assert cn.days.filter(on_date__year=2025).count() == 33
    assert actions.tally(actions.changes_of(cn, calendarfile.read(table)[0])) == {
        **{"added": 0, "changed": 0, "removed": 0}
    }


def test_a_table_that_changes_nothing_leaves_the_year_settled(cn):
    none = {"added": 0, "changed": 0, "removed": 0}
    assert actions.import_calendar(SYSTEM, cn, table=table_of(cn, 2026), counts=none) == []
    assert cn.years.get(year=2026).status == "official"


def test_what_was_shown_must_still_hold_when_it_is_confirmed(cn):
    table = "date,kind,name\n2027-01-01,holiday,元旦\n"
    actions.set_calendar_day(SYSTEM, cn, date=dt.date(2027, 1, 1), kind="holiday", name="元旦")
    with pytest.raises(ValidationError, match="在此期间"):
        actions.import_calendar(SYSTEM, cn, table=table, counts={"added": 1, "changed": 0, "removed": 0})


def test_every_wrong_line_of_a_table_is_named(cn):
    with pytest.raises(ValidationError) as found:
        actions.import_calendar(SYSTEM, cn, table="date,kind\nsoon,rest\n2027-01-01,feast\n", counts={})
    assert [text[:12] for text in found.value.messages] == ["第 2 行，列 date", "第 3 行，列 kind"]


def test_why_a_day_is_free_is_said_in_the_readers_language():
    days = [Day(HOLIDAY, Kind.HOLIDAY, "国庆节", "National Day"), Day(SATURDAY, Kind.REST)]
    days += [Day(dt.date(2026, 9, 22), Kind.REST), Day(dt.date(2026, 9, 22), Kind.REST, "停电")]
    assert [calendars.why(d) for d in days] == ["国庆节", "星期六", "本行休息日", "停电"]
    with translation.override("en"):
        assert [calendars.why(d) for d in days] == [
            "National Day",
            "Saturday",
            "free day of the bank",
            "停电",
        ]
