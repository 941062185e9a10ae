"""Pages of control: who sees them, what they show, how many queries they cost."""

import datetime as dt
import io

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from kezun.control import queries
from kezun.control.queries import TrailFilter, trail_entries
from kezun.kernel import trail
from kezun.kernel.actor import Denied
from kezun.kernel.models import Heartbeat, Schedule, Task, TrailEntry
from kezun.kernel.task import run_due
from kezun.kernel.tests.forge import fill, sql
from kezun.org.scope import Held, Role, Scope

pytestmark = pytest.mark.django_db
PAGES = {
    "control.trail": {"auditor", "audit_admin"},
    "control.verification": {"auditor", "audit_admin"},
    "control.health": {"system_admin"},
    "control.access": {"auditor", "security_admin"},
    "control.export_access": {"auditor", "security_admin"},
}
ROLES = (
    "teller",
    "outlet_manager",
    "service_office",
    "auditor",
    "system_admin",
    "security_admin",
    "audit_admin",
)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("role", ROLES)
def test_each_page_is_for_those_who_need_it(as_role, name, role):
    assert as_role(role).get(reverse(name)).status_code == (200 if role in PAGES[name] else 403)


@pytest.mark.parametrize("role", ["teller", "system_admin"])
def test_steps_are_refused_to_others(as_role, role):
    assert as_role(role).post(reverse("control.verify")).status_code == 403
    assert as_role("auditor").post(reverse("control.retry", args=[1])).status_code == 403
    assert not Task.objects.exists()


def test_steps_are_posts(as_role):
    assert as_role("auditor").get(reverse("control.verify")).status_code == 405
    assert as_role("system_admin").get(reverse("control.retry", args=[1])).status_code == 405


def test_nobody_reads_the_trail_without_signing_in(client, home, bank):
    assert client.get(reverse("control.trail")).status_code == 302


def test_the_trail_shows_who_did_what(as_role):
    auditor = as_role("auditor")
    trail.write(auditor.person.trail_name, "facts.export", "org.unit:5")
    text = auditor.get(reverse("control.trail")).content.decode()
    assert auditor.person.code in text
    assert "facts.export" in text
    assert "org.unit:5" in text


def test_the_trail_comes_in_pages(as_role):
    fill(120)
    auditor = as_role("auditor")
    first = auditor.get(reverse("control.trail"), {"verb": "test."})
    assert len(first.context["rows"]) == queries.PAGE
    seen = {entry.pk for entry, _ in first.context["rows"]}
    second = auditor.get(f"{reverse('control.trail')}?{first.context['older']}")
    seen |= {entry.pk for entry, _ in second.context["rows"]}
    third = auditor.get(f"{reverse('control.trail')}?{second.context['older']}")
    seen |= {entry.pk for entry, _ in third.context["rows"]}
    assert len(seen) == 120
    assert third.context["older"] == ""
    assert "verb=test." in third.context["newest"]


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "٣"])
def test_a_page_that_is_none_is_the_first(as_role, before):
    assert as_role("auditor").get(reverse("control.trail"), {"before": before}).status_code == 200


def test_the_trail_is_filtered(as_role, person_in):
    auditor, teller = as_role("auditor").person, person_in("teller", "O1")
    trail.write(teller.trail_name, "facts.export", "org.unit:5")
    trail.write("system:worker", "facts.import_file", "facts.batch:1")
    today = timezone.localdate()

    def verbs(**chosen):
        entries = trail_entries(auditor, TrailFilter(**chosen))
        return [e.verb for e in entries if e.verb.startswith("facts.")]

    assert verbs() == ["facts.import_file", "facts.export"]
    assert verbs(actor=teller.code) == ["facts.export"]
    assert verbs(actor="system:") == ["facts.import_file"]
    assert verbs(actor="nobody") == []
    assert verbs(verb="facts.imp") == ["facts.import_file"]
    assert verbs(target="org.unit:5") == ["facts.export"]
    assert verbs(since=today, until=today) == ["facts.import_file", "facts.export"]
    assert verbs(since=today + dt.timedelta(days=1)) == []
    assert verbs(until=today - dt.timedelta(days=1)) == []


def test_days_are_the_banks_own(as_role, settings):
    """Half past midnight in Shanghai is still the day before in UTC."""
    auditor = as_role("auditor").person
    trail.write("system:x", "a.b")
    moment = dt.datetime(2026, 3, 1, 16, 30, tzinfo=dt.UTC)
    sql("UPDATE kernel_trailentry SET at = %s WHERE verb = 'a.b'", moment.replace(tzinfo=None))
    settings.KEZUN_BANK_ZONE = "Asia/Shanghai"
    assert len(trail_entries(auditor, TrailFilter(verb="a.b", since=dt.date(2026, 3, 2)))) == 1
    assert trail_entries(auditor, TrailFilter(verb="a.b", until=dt.date(2026, 3, 1))) == []


def test_a_branch_auditor_reads_only_the_branchs_people(home, person_in, monkeypatch):
    reader, inside, outside = (person_in("teller", u) for u in ("S1", "O1", "O3"))
    for person in (inside, outside):
        trail.write(person.trail_name, "facts.export")
    trail.write("system:worker", "facts.export")
    with pytest.raises(Denied):
        queries.trail_visible_to(reader)
    role = Role("branch_auditor", "支行审计", "", "subtree", frozenset({"control.read_trail"}))
    held = Held(role, reader.home_unit_id, None)
    reader.__dict__["_scope"] = Scope(reader.pk, timezone.localdate(), (held,))
    assert [e.actor for e in trail_entries(reader, TrailFilter(verb="facts."))] == [inside.trail_name]


def test_an_entry_is_shown_with_its_sealed_body(as_role):
    auditor = as_role("auditor")
    entry = trail.write(auditor.person.trail_name, "a.b", "", {"note": "<script>客</script>"})
    text = auditor.get(reverse("control.entry", args=[entry.pk])).content.decode()
    assert entry.digest in text
    assert "&lt;script&gt;客" in text
    assert auditor.get(reverse("control.entry", args=[10**9])).status_code == 404


def test_a_forged_entry_is_shown_as_it_stands(as_role):
    auditor = as_role("auditor")
    entry = trail.write("person:1", "a.b")
    sql("UPDATE kernel_trailentry SET detail = 'not json' WHERE id = %s", entry.pk)
    assert "not json" in auditor.get(reverse("control.entry", args=[entry.pk])).content.decode()


def test_a_verification_is_asked_for_followed_and_read(as_role):
    auditor = as_role("auditor")
    page, part = reverse("control.trail"), reverse("control.verification")
    assert "verification" not in auditor.get(part).content.decode()
    assert auditor.post(reverse("control.verify")).status_code == 302
    Task.objects.update(progress={"done": 1, "total": 4})
    waiting = auditor.get(part).content.decode()
    assert "25 %" in waiting
    assert 'hx-trigger="every 1s"' in waiting
    run_due("w")
    done = auditor.get(part).content.decode()
    assert "k-message-success" in done
    assert "hx-trigger" not in done
    entry = TrailEntry.objects.order_by("pk").first()
    sql("UPDATE kernel_trailentry SET actor = 'x' WHERE id = %s", entry.pk)
    auditor.post(reverse("control.verify"))
    run_due("w")
    changed = auditor.get(page).content.decode()
    assert "k-message-error" in changed
    assert f"<code>{entry.shard}/{entry.position}</code>" in changed


def test_a_verification_that_failed_itself_says_so(as_role):
    Task.objects.create(name="control.verify_trail", due_at=timezone.now(), state="failed")
    assert "k-message-error" in as_role("auditor").get(reverse("control.verification")).content.decode()


def test_health_shows_checks_tasks_and_what_repeats(as_role):
    now = timezone.now()
    Heartbeat.objects.create(worker="w1", started_at=now, seen_at=now)
    Schedule.objects.create(name="kernel.anchor", next_at=now)
    for state in ("failed", "waiting", "running", "done"):
        Task.objects.create(
            name=f"t.{state}", due_at=now, state=state, error="ValueError: <b>" if state == "failed" else ""
        )
    text = as_role("system_admin").get(reverse("control.health")).content.decode()
    for shown in (
        "w1",
        "kernel.anchor",
        "t.failed",
        "t.waiting",
        "t.running",
        "ValueError: &lt;b&gt;",
        "Django",
    ):
        assert shown in text
    assert "t.done" not in text
    assert text.index("t.failed") < text.index("t.running") < text.index("t.waiting")
    assert text.count("/retry/") == 1


def test_an_installation_without_a_worker_says_what_to_do(as_role):
    assert "kezun worker" in as_role("system_admin").get(reverse("control.health")).content.decode()


def test_a_failed_task_is_tried_again(as_role):
    admin = as_role("system_admin")
    row = Task.objects.create(name="t", due_at=timezone.now(), state="failed")
    again = admin.post(reverse("control.retry", args=[row.pk]), follow=True)
    assert "k-message-success" in again.content.decode()
    row.refresh_from_db()
    assert row.state == "waiting"
    again = admin.post(reverse("control.retry", args=[row.pk]), follow=True)
    assert "k-message-error" in again.content.decode()
    assert admin.post(reverse("control.retry", args=[10**9])).status_code == 404


def test_the_matrix_shows_every_door_and_role(as_role):
    answer = as_role("auditor").get(reverse("control.access"))
    text = answer.content.decode()
    rows = {row.door.name: row for row in answer.context["rows"]}
    codes = [role.code for role in answer.context["roles"]]
    assert {"control.trail", "org.move_unit", "kernel.live"} <= set(rows)
    held = dict(zip(codes, rows["control.trail"].open_to, strict=True))
    assert held["auditor"]
    assert not held["teller"]
    assert all(rows["kernel.live"].open_to)
    assert "control.read_trail" in text


def test_the_matrix_as_a_workbook_says_the_same(as_role):
    auditor = as_role("auditor")
    answer = auditor.get(reverse("control.export_access"))
    assert "attachment" in answer["Content-Disposition"]
    sheet = load_workbook(io.BytesIO(answer.content)).active
    written = [[cell.value for cell in row] for row in sheet.iter_rows()]
    _, rows = queries.access(auditor.person)
    assert len(written) == len(rows) + 1
    for row, line in zip(rows, written[1:], strict=True):
        assert line[:2] == [row.door.kind, row.door.name]
        assert [cell == "x" for cell in line[3:]] == list(row.open_to)


@pytest.mark.parametrize(
    ("name", "most"), [("control.trail", 9), ("control.entry", 9), ("control.access", 7)]
)
def test_pages_cost_few_queries(as_role, django_assert_max_num_queries, name, most):
    auditor = as_role("auditor")
    entry = trail.write(auditor.person.trail_name, "a.b")
    address = reverse(name, args=[entry.pk] if name == "control.entry" else [])
    auditor.get(address)
    with django_assert_max_num_queries(most):
        assert auditor.get(address).status_code == 200


def test_the_menu_shows_control_to_auditors_only(as_role):
    assert reverse("control.trail") in as_role("auditor").get(reverse("control.trail")).content.decode()
    health = as_role("system_admin").get(reverse("control.health")).content.decode()
    assert reverse("control.trail") not in health


@pytest.mark.parametrize("role", ["teller", "auditor", "system_admin"])
def test_everybody_may_know_the_version(as_role, role):
    import kezun

    text = as_role(role).get(reverse("control.about")).content.decode()
    assert kezun.__version__ in text
    assert "Django" in text


def _simple_pages():
    """Pages of the whole house that take no argument and change nothing, from the registry."""
    from django.urls import get_resolver

    from kezun.kernel import page

    assert get_resolver().url_patterns
    own = {"control", "kernel"}
    return [
        p for p in page.PAGES.values() if "<" not in p.path and p.namespace in own and p.name not in POSTS
    ]


POSTS = {"control.verify", "control.retry"}


def test_the_matrix_tells_the_truth(as_role):
    """What it says of a role is what happens when that role knocks."""
    from kezun.org.scope import roles

    told = {row.door.name: row.open_to for row in queries.access(as_role("auditor").person)[1]}
    for number, code in enumerate(roles()):
        client = as_role(code)
        for page in _simple_pages():
            opened = client.get(f"/{page.path}").status_code not in (302, 403, 404)
            assert opened is told[page.name][number], (page.name, code)


@pytest.mark.parametrize("name", ["control.trail", "control.access", "control.health", "control.about"])
def test_pages_speak_chinese_too(as_role, name):
    client = as_role("system_admin" if name == "control.health" else "auditor")
    client.cookies["kezun_language"] = "zh-hans"
    client.get("/")
    text = client.get(reverse(name)).content.decode()
    assert 'lang="zh-hans"' in text
    assert "<html" in text


PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' OR 1=1 --",
    "{{ 7*7 }}{% debug %}",
    "javascript:alert(1)",
    "\x00\x1b[31m",
    "%00%0d%0aSet-Cookie: x=1",
    "𠮷" * 50,
    "a" * 5000,
]


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("field", ["actor", "verb", "target", "since", "until", "before"])
def test_what_is_typed_into_the_filter_is_text(as_role, field, payload):
    trail.write("system:x", "a.b", payload.replace("\x00", ""))
    answer = as_role("auditor").get(reverse("control.trail"), {field: payload})
    text = answer.content.decode()
    assert answer.status_code == (400 if "\x00" in payload else 200)
    assert "<script>alert" not in text
    assert "<img src=x" not in text


def test_what_stands_in_the_trail_is_shown_as_text(as_role):
    for payload in PAYLOADS[:5]:
        trail.write("system:x", "a.b", payload, {"typed": payload})
    auditor = as_role("auditor")
    entry = TrailEntry.objects.filter(verb="a.b").first()
    for address in (reverse("control.trail"), reverse("control.entry", args=[entry.pk])):
        text = auditor.get(address).content.decode()
        assert "<script>alert" not in text
        assert "<img src=x" not in text
