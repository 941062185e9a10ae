"""Which edition counts on a day, as known at a moment: corrections, withdrawals, drafts."""

from __future__ import annotations

import datetime as dt
from itertools import permutations, product

import pytest
from django.utils import translation

from kezun.kernel.actor import SystemActor
from kezun.standards.models import Standard

URN, OTHER = "urn:test:a", "urn:test:b"


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(f"2026-{text}")


def moment(text: str) -> dt.datetime:
    return dt.datetime.combine(day(text), dt.time(12), dt.UTC)


def edition(
    version: str, start: str, end: str | None, published: str | None, withdrawn: str | None = None
) -> Standard:
    """An edition that was published and perhaps withdrawn at noon of a day; never: a draft."""
    state = "withdrawn" if withdrawn else "published" if published else "draft"
    return Standard(
        urn=URN,
        version=version,
        revision={"1b": 2}.get(version, 1),
        title=version,
        text="-",
        sha256=version,
        state=state,
        from_date=day(start),
        until_date=day(end) if end else None,
        published_at=moment(published) if published else None,
        withdrawn_at=moment(withdrawn) if withdrawn else None,
    )


EDITIONS = (
    ("1", "01-01", None, "01-01", None),
    ("1b", "01-01", None, "04-01", None),
    ("2", "03-01", "06-01", "02-15", None),
    ("3", "06-01", None, "05-01", "07-01"),
    ("4", "09-01", None, None, None),
)


@pytest.fixture
def editions(person_in, bank) -> None:
    two = {"asked_by": person_in("service_office", "HO"), "withdrawn_by": person_in("service_office", "P1")}
    rows = [edition(*told) for told in EDITIONS]
    for row in rows:
        for name, person in two.items() if row.withdrawn_at else ():
            setattr(row, name, person)
    Standard.objects.bulk_create(rows)


COUNTS = {
    "before the first": ("2025-12-31", None, None),
    "its first day, as known now": ("2026-01-01", None, "1b"),
    "its first day, as known then": ("2026-01-01", "01-02", "1"),
    "before it was published": ("2026-01-01", "01-01", "1"),
    "the last day of the older one": ("2026-02-28", None, "1b"),
    "superseded from the day on": ("2026-03-01", None, "2"),
    "not known yet": ("2026-03-01", "02-01", "1"),
    "known before it holds": ("2026-03-01", "02-16", "2"),
    "the day after its last": ("2026-06-01", "06-02", "3"),
    "its last day": ("2026-05-31", "06-02", "2"),
    "withdrawn, as known before": ("2026-08-01", "06-30", "3"),
    "withdrawn, as known since": ("2026-08-01", "07-02", "1b"),
    "withdrawn, as known now": ("2026-08-01", None, "1b"),
    "a correction that came later is not known": ("2026-08-01", "03-31", "1"),
    "a draft counts on no day": ("2026-09-01", None, "1b"),
}


@pytest.mark.parametrize(("on", "known", "version"), COUNTS.values(), ids=COUNTS)
def test_the_edition_that_counts(editions, on, known, version):
    found = Standard.objects.for_day(URN, dt.date.fromisoformat(on), moment(known) if known else None)
    assert (found.version if found else None) == version


def test_the_very_moment_of_publishing_and_of_withdrawing(editions):
    on = day("08-01")
    assert Standard.objects.for_day(URN, on, moment("07-01")).version == "1b"
    just_before = moment("07-01") - dt.timedelta(microseconds=1)
    assert Standard.objects.for_day(URN, on, just_before).version == "3"
    unborn = moment("01-01") - dt.timedelta(microseconds=1)
    assert Standard.objects.for_day(URN, on, unborn) is None


def counting(rows: list[Standard], on: dt.date, known: dt.datetime) -> str | None:
    """The rule as it is written: begins last, of equal beginnings published last."""
    there = [
        row
        for row in rows
        if row.published_at
        and row.published_at <= known
        and not (row.withdrawn_at and row.withdrawn_at <= known)
        and row.from_date <= on
        and (row.until_date is None or on < row.until_date)
    ]
    return max(there, key=lambda row: (row.from_date, row.published_at)).version if there else None


def test_the_query_says_what_the_rule_says_on_every_day_at_every_moment(editions):
    rows = list(Standard.objects.all())
    days = [day(f"{month:02d}-01") for month in range(1, 11)]
    for on, known in product([*days, day("05-31")], days):
        at = dt.datetime.combine(known, dt.time(13), dt.UTC)
        found = Standard.objects.for_day(URN, on, at)
        assert (found.version if found else None) == counting(rows, on, at), (on, at)


@pytest.mark.django_db
@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_the_order_in_which_editions_were_stored_decides_nothing(order):
    for number in order:
        edition(*EDITIONS[number]).save()
    assert Standard.objects.for_day(URN, day("02-01")).version == "1b"
    assert Standard.objects.for_day(URN, day("03-01")).version == "2"


def test_another_standard_is_another_matter(editions):
    other = edition("9", "02-01", None, "02-01")
    other.urn = OTHER
    other.save()
    found = Standard.objects.in_force(day("02-10"))
    firsts = {row.urn: row.version for row in reversed(found)}
    assert firsts == {URN: "1b", OTHER: "9"}
    assert Standard.objects.for_day(OTHER, day("01-31")) is None


ROLES = {"service_office": True, "teller": False}


@pytest.mark.parametrize(("role", "drafts"), ROLES.items(), ids=ROLES)
def test_drafts_are_seen_only_by_those_who_work_on_them(editions, person_in, role, drafts):
    seen = set(Standard.objects.visible_to(person_in(role, "O1")).values_list("version", flat=True))
    assert seen == {"1", "1b", "2", "3"} | ({"4"} if drafts else set())


@pytest.mark.django_db
def test_the_platform_itself_sees_all():
    edition(*EDITIONS[4]).save()
    assert Standard.objects.visible_to(SystemActor("test")).count() == 1


NAMES = {"zh-hans": "标题", "en": "Title"}


@pytest.mark.parametrize(("language", "name"), NAMES.items(), ids=NAMES)
def test_an_edition_is_called_in_the_readers_language(language, name):
    row = Standard(urn=URN, version="1", title="标题", title_en="Title")
    with translation.override(language):
        assert row.name == name
        assert Standard(title="标题").name == "标题"
    assert str(row) == "urn:test:a@1"
