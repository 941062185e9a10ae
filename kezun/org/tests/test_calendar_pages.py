"""The pages of working calendars: a year drawn, a day clicked on and set, a table brought, a year settled."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation

from kezun.kernel.actor import SystemActor
from kezun.org import actions, shipped
from kezun.org.models import Calendar
from kezun.org.rules.months import month, months

SYSTEM = SystemActor("test")
YEAR = "/calendars/cn/2026/"


@pytest.fixture
def sign_in(person_in, settings):
    settings.KEZUN_MFA_REQUIRED_ROLES = ()
    shipped.install_all(SYSTEM)

    def make(role: str, unit: str = "HO") -> Client:
        client = Client()
        client.force_login(person_in(role, unit), backend="kezun.org.signin.Backend")
        return client

    return make


def text(answer) -> str:
    return answer.content.decode()


def cell(page: str, day: str) -> str:
    """The classes of a day in a drawn year."""
    found = re.search(rf'class="([^"]*)" title="{day}', page)
    return found[1] if found else ""


def test_months_are_whole_weeks_from_monday():
    found = month(2026, 10)
    assert found.weeks[0] == (None, None, None, *(dt.date(2026, 10, n) for n in (1, 2, 3, 4)))
    assert all(len(week) == 7 for week in found.weeks)
    assert [d for week in found.weeks for d in week if d] == [dt.date(2026, 10, n) for n in range(1, 32)]
    assert [m.first.month for m in months(dt.date(2026, 11, 20), dt.date(2027, 2, 1))] == [11, 12, 1, 2]
    assert len(month(2027, 2).weeks) == 4, "a February that begins on a Monday"


def test_the_list_shows_what_is_settled_and_who_names_it(sign_in, bank, django_assert_num_queries):
    weekend = Calendar.objects.get(code="cn-weekend")
    actions.set_unit_calendar(SYSTEM, bank["O1"], calendar=weekend)
    client = sign_in("teller", "O1")
    client.get("/calendars/")
    with django_assert_num_queries(4):
        page = text(client.get("/calendars/"))
    assert "2004–2026" in page
    assert "09:00-16:00" in page
    assert re.findall(r'<td class="k-num"[^>]*>(\d+)</td>', page) == ["0", "0", "1"]
    assert "/calendars/new/" not in page, "a teller reads"
    assert "/calendars/new/" in text(sign_in("service_office").get("/calendars/"))


def test_a_year_is_drawn_with_every_day_as_it_is(sign_in, django_assert_num_queries):
    client = sign_in("service_office")
    client.get(YEAR)
    with django_assert_num_queries(6):
        answer = client.get(YEAR)
    page = text(answer)
    assert page.count('<table class="c-month"') == 12
    assert cell(page, "2026-10-01") == "c-day c-holiday"
    assert cell(page, "2026-10-10") == "c-day c-makeup"
    assert cell(page, "2026-10-11") == "c-day c-rest"
    assert cell(page, "2026-10-12") == "c-day c-work"
    assert re.search(r"工作日 <b>248</b>", page)
    assert re.search(r"调休上班日 <b>6</b>", page)
    assert 'href="?day=2026-10-10#day"' in page
    with translation.override("en"):
        client.cookies["kezun_language"] = "en"
        assert "National Day" in text(client.get(YEAR))


def test_who_may_not_edit_sees_the_year_without_its_forms(sign_in):
    page = text(sign_in("teller", "O1").get(YEAR))
    assert "c-holiday" in page
    assert "?day=" not in page
    assert "<form" not in page.split('id="content"')[1]


def test_a_calendar_over_another_shows_its_days_and_marks_its_own(sign_in):
    weekend = Calendar.objects.get(code="cn-weekend")
    actions.set_calendar_day(SYSTEM, weekend, date=dt.date(2026, 10, 4), kind="work", windows="9:00-11:00")
    page = text(sign_in("service_office").get("/calendars/cn-weekend/2026/"))
    assert cell(page, "2026-10-03") == "c-day c-holiday"
    assert cell(page, "2026-10-04") == "c-day c-work c-own"
    assert cell(page, "2026-09-19") == "c-day c-work", "Saturdays are worked"
    assert "/calendars/cn/2026/" in page
    assert "/status/" not in page, "it has no table of its own"


def test_years_and_calendars_that_are_none_are_not_found(sign_in):
    client = sign_in("service_office")
    for path in ("/calendars/mars/2026/", "/calendars/cn/1999/", "/calendars/cn/2200/"):
        assert client.get(path).status_code == 404, path
    assert client.get("/calendars/cn/2000/").status_code == 200
    assert client.get("/calendars/cn/2199/").status_code == 200


def test_a_day_that_was_clicked_on_is_filled_in_and_can_be_set(sign_in):
    client = sign_in("service_office")
    page = text(client.get(f"{YEAR}?day=2026-10-10"))
    assert 'value="2026-10-10"' in page
    assert 'value="国庆节调休上班"' in page
    answer = client.post(
        f"{YEAR}day/", {"date": "2026-09-22", "kind": "rest", "name": "台风停业"}, follow=True
    )
    assert answer.redirect_chain[-1][0] == f"{YEAR}?day=2026-09-22#day"
    page = text(answer)
    assert cell(page, "2026-09-22") == "c-day c-rest"
    assert "暂定" in page, "the year has to be agreed again"
    assert client.get(f"{YEAR}day/").status_code == 302


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"date": "soon", "kind": "rest"}, 422),
        ({"date": "2026-09-22", "kind": "feast"}, 422),
        ({"date": "2026-09-22", "kind": "work", "windows": "noon"}, 422),
        ({"date": "2026-09-22", "kind": "rest", "windows": "09:00-10:00"}, 302),
        ({"date": "1950-09-22", "kind": "rest"}, 302),
    ],
)
def test_a_day_that_cannot_be_set_is_refused_with_the_reason(sign_in, given, status):
    client = sign_in("service_office")
    answer = client.post(f"{YEAR}day/", given)
    assert answer.status_code == status
    assert Calendar.objects.get(code="cn").days.count() == 771
    shown = text(client.get(YEAR)) if status == 302 else text(answer)
    assert "k-message-error" in shown or "invalid" in shown


def test_a_calendar_is_added_and_changed(sign_in):
    client = sign_in("service_office")
    given = {"code": "night", "name": "夜间", "windows": "18:00-22:00", "base": "cn", "tabled": "on"}
    assert client.post("/calendars/new/", given).status_code == 302
    made = Calendar.objects.get(code="night")
    assert (made.windows, made.base.code, made.version) == ("18:00-22:00", "cn", 1)
    change = "/calendars/night/change/change/"
    assert 'value="18:00-22:00"' in text(client.get(change))
    assert client.post(change, {"name": "夜班", "windows": "19:00-22:00"}).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.windows, made.version) == ("夜班", "19:00-22:00", 2)
    assert client.post(change, {"name": "夜班", "windows": "late"}).status_code == 422


def test_a_unit_is_let_use_a_calendar_and_leaves_it(sign_in, bank):
    client = sign_in("service_office")
    use, leave = (f"/calendars/cn-weekend/change/{word}/" for word in ("use", "leave"))
    assert client.post(use, {"unit": "S1"}).status_code == 302
    page = text(client.get("/calendars/cn-weekend/2026/"))
    assert "/org/units/S1/" in page
    assert client.post(leave, {"unit": "O1"}).status_code == 422, "it only inherits"
    assert client.post(leave, {"unit": "S1"}).status_code == 302
    assert client.post(use, {"unit": "nowhere"}).status_code == 422
    assert client.get("/calendars/cn-weekend/change/burn/").status_code == 404


def test_a_year_is_proposed_by_one_and_agreed_by_another(sign_in):
    one, other = sign_in("service_office"), sign_in("security_admin")
    actions.set_calendar_day(
        SYSTEM, Calendar.objects.get(code="cn"), date=dt.date(2027, 1, 1), kind="holiday", name="元旦"
    )
    page, propose = "/calendars/cn/2027/", "/calendars/cn/2027/status/propose/"
    assert propose in text(one.get(page))
    assert one.post("/calendars/cn/2027/status/publish/").status_code == 404, "nothing to agree to yet"
    assert one.post(propose, {"source": "国办发明电〔2026〕7号"}).status_code == 302
    publish = "/calendars/cn/2027/status/publish/"
    assert publish not in text(one.get(page)), "not one's own"
    assert one.post(publish).status_code == 422
    assert publish in text(other.get(page))
    assert other.post(publish).status_code == 302
    assert "正式" in text(other.get(page))
    retract = "/calendars/cn/2027/status/retract/"
    assert other.post(retract, {"reason": "改错了表"}).status_code == 302
    assert Calendar.objects.get(code="cn").years.get(year=2027).status == "provisional"


# --- a table ---


def sent(client, content: bytes, name: str = "t.csv"):
    return client.post("/calendars/cn/import/", {"file": SimpleUploadedFile(name, content)})


GOOD = "date,kind,name\n2027-01-01,holiday,元旦\n2027-01-02,holiday,元旦\n".encode()


def confirm(client, page: str):
    """Send back what the page of differences holds."""
    given = dict(re.findall(r'name="(added|changed|removed)" value="(\d+)"', page))
    table = re.search(r'<textarea name="table"[^>]*>(.*?)</textarea>', page, re.DOTALL)[1]
    return client.post("/calendars/cn/import/", {**given, "table": table}, follow=True)


def test_a_table_is_looked_at_first_and_taken_over_when_confirmed(sign_in):
    client = sign_in("service_office")
    page = text(sent(client, GOOD))
    assert "新增 2 天" in page
    assert Calendar.objects.get(code="cn").days.filter(on_date__year=2027).count() == 0
    done = confirm(client, page)
    assert done.redirect_chain[-1][0] == "/calendars/cn/2027/"
    assert Calendar.objects.get(code="cn").days.filter(on_date__year=2027).count() == 2
    assert "没有差异" in text(sent(client, GOOD))


def test_what_changed_between_looking_and_confirming_is_shown_again(sign_in):
    client = sign_in("service_office")
    page = text(sent(client, GOOD))
    actions.set_calendar_day(SYSTEM, Calendar.objects.get(code="cn"), date=dt.date(2027, 1, 2), kind="rest")
    done = confirm(client, page)
    assert done.redirect_chain[-1][0] == "/calendars/cn/import/"
    assert "在此期间" in text(done)
    assert Calendar.objects.get(code="cn").days.filter(on_date__year=2027).count() == 1


def test_a_confirmation_without_its_counts_changes_nothing(sign_in):
    client = sign_in("service_office")
    done = client.post("/calendars/cn/import/", {"table": GOOD.decode(), "added": "x"}, follow=True)
    assert "k-message-error" in text(done)
    assert Calendar.objects.get(code="cn").days.filter(on_date__year=2027).count() == 0


def test_wrong_lines_are_listed_and_nothing_is_taken(sign_in):
    answer = sent(sign_in("service_office"), b"date,kind\n2027-01-01,holiday\nsoon,rest\n2027-01-03,feast\n")
    page = text(answer)
    assert answer.status_code == 422
    assert re.findall(r'<tr><td class="k-num">(\d+)</td><td>(\w+)</td>', page) == [
        ("3", "date"),
        ("4", "kind"),
    ]
    assert "table" not in re.findall(r'name="(\w+)"', page)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\xd8", b"x" * (2 * 1024 * 1024 + 1), b""])
def test_what_is_no_table_is_refused(sign_in, content):
    assert sent(sign_in("service_office"), content).status_code == 422


def test_a_table_as_chinese_spreadsheets_write_it_is_read(sign_in):
    page = text(sent(sign_in("service_office"), GOOD.decode().encode("gb18030")))
    assert "元旦" in page


def test_a_year_can_be_taken_away_as_csv_and_brought_again(sign_in):
    client = sign_in("service_office")
    answer = client.get(f"{YEAR}table/")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="cn-2026.csv"'
    assert answer.content.decode("utf-8-sig").splitlines()[1].startswith("2026-01-01,holiday,元旦,")
    assert "没有差异" in text(sent(client, answer.content))
