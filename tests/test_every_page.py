"""Every page that is looked at, every text in it hostile: escaped, in either language, with few queries."""

from __future__ import annotations

import datetime as dt
import inspect
import re
import time
from functools import lru_cache
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kezun.assessment.merits import merit_kinds
from kezun.assessment.tests.world import scheme_text
from kezun.cases.tests import courses
from kezun.cases.tests.conftest import KIND
from kezun.insight.models import SavedView
from kezun.kernel import trail
from kezun.kernel.actor import SystemActor
from kezun.kernel.models import Task
from kezun.org.actions import add_member, found_group, open_line, open_unit, set_tags
from kezun.org.models import Assignment, LeadingGroup, Person, Post, RosterUpload, SignInSession, Token
from kezun.org.scope import roles
from kezun.standards.tests import world as standards
from kezun.standards.tests.world import TEXT
from tests import complaining, judged
from tests.targets import MAKERS, someone
from tests.test_permissions import TOLD, Rule, address

SYSTEM = SystemActor("test")
SCRIPT = "<script>alert(1)</script>"
QUOTE = "\"'><img src=x onerror=alert(1)>"
BRACES = "{{7*7}}{%x%}"
HOSTILE = (SCRIPT, QUOTE, BRACES)
ESCAPED = ("&lt;script&gt;alert(1)", "&quot;&#x27;&gt;&lt;img", "\\u003Cscript\\u003Ealert(1)", BRACES)
SEEN = sorted(name for name, told in TOLD["pages"].items() if told.get("method") != "POST")
CHINESE = re.compile("[\u4e00-\u9fff]+")


def enrich(bank: dict[str, Any], mark: str, amount: int) -> None:
    """Fill the head office with `amount` of everything that pages list, each text being `mark`."""
    head, role = bank["HO"], roles()["teller"]
    post, _new = Post.objects.get_or_create(code="teller", defaults={"name": mark, "role": role.code})
    for n in range(amount):
        key = f"{mark[:2]}{Person.objects.count():03}"
        unit = open_unit(SYSTEM, head, code=f"u{key}", name=mark, name_en=mark, kind="outlet")
        person = Person.objects.create(code=f"p{key}", username=f"n{key}", name=mark, home_unit=head)
        line = open_line(SYSTEM, code=f"l{key}", name=mark, name_en=mark)
        Assignment.objects.create(person=person, unit=head, post=post, line=line)
        Assignment.objects.create(person=person, unit=unit, post=post)
        set_tags(SYSTEM, head, tags=[f"{mark}{i}" for i in range(n + 1)], from_date=dt.date(2026, 1, 1 + n))
        group = found_group(SYSTEM, head, name=mark, name_en=mark)
        add_member(SYSTEM, group, person=person, duty="head", from_date=dt.date(2026, 1, 1))
        _open_ends(person, mark, key)


def _open_ends(person: Person, mark: str, key: str) -> None:
    """What hangs on people: sessions, tokens, views, rosters, tasks, entries of the trail."""
    me, now = Person.objects.get(code="all"), timezone.now()
    SignInSession.objects.create(person=me, session_key=f"s{key}", agent=mark)
    Token.objects.create(person=me, name=mark, hint="kz_", digest=f"d{key}", expires_at=now)
    SavedView.objects.create(person=me, title=f"{mark}{key}", address="/?x=1")
    RosterUpload.objects.create(
        name=mark,
        digest="0",
        state=RosterUpload.State.SUBMITTED,
        rows='{"units": [], "posts": [], "people": []}',
        submitted_by=person,
    )
    Task.objects.create(name=mark[:40], state=Task.State.FAILED, due_at=now, error=mark)
    trail.write(person.trail_name, "org.test", mark, {"word": mark})


@pytest.fixture
def all_roles(bank, settings):
    """Somebody who holds every role at the head office, so that every page opens; signed in, raised."""
    settings.KEZUN_MFA_REQUIRED_ROLES = ()
    settings.AXES_ENABLED = False
    person = Person.objects.create(code="all", username="all", name="A", home_unit=bank["HO"])
    posts = Post.objects.bulk_create(Post(code=role, name=role, role=role) for role in roles())
    Assignment.objects.bulk_create(Assignment(person=person, unit=bank["HO"], post=post) for post in posts)
    client = Client()
    client.force_login(person, backend="kezun.org.signin.Backend")
    session = client.session
    session["raised"] = time.time() + 900
    session.save()
    return client


def at_head(name: str, bank: dict[str, Any], mark: str) -> str:
    """The address of a page whose target is at the head office and is called `mark`."""
    rule = Rule.of(TOLD["pages"][name])
    if not rule.target:
        return address(name, rule, {})
    stranger = someone(bank["HO"])
    Person.objects.filter(pk=stranger.pk).update(name=mark)
    return address(name, rule, MAKERS[rule.target](stranger, bank["HO"]))


def text_of(answer: Any) -> str:
    return b"".join(answer.streaming_content if answer.streaming else [answer.content]).decode(
        "utf-8", "replace"
    )


def is_page(answer: Any) -> bool:
    return answer.status_code == 200 and "text/html" in answer.headers["Content-Type"]


@pytest.mark.parametrize("mark", HOSTILE, ids=["script", "quote", "braces"])
def test_hostile_words_are_shown_and_never_run(bank, all_roles, mark):
    enrich(bank, mark, 1)
    bank["HO"].name = bank["HO"].name_en = mark
    bank["HO"].save()
    shown = []
    for name in SEEN:
        answer = all_roles.get(at_head(name, bank, mark))
        if not is_page(answer):
            continue
        text = text_of(answer)
        if mark != BRACES:
            assert mark not in text, name
            assert "<img src=x" not in text, name
        if any(form in text for form in ESCAPED):
            shown.append(name)
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe-inline" not in policy
        assert "unsafe-eval" not in policy
    assert {"org.unit", "org.people", "org.person", "org.rosters", "org.me", "control.trail"} <= set(shown)
    assert len(shown) >= 12, shown


@pytest.mark.parametrize("name", SEEN)
def test_in_english_the_page_speaks_english_and_in_chinese_chinese(bank, all_roles, name):
    for unit in bank.values():
        unit.name = unit.code
        unit.save()
    where = at_head(name, bank, "A")
    LeadingGroup.objects.update(name="G")
    for language, told in (("en", "en"), ("zh-hans", "zh")):
        all_roles.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        answer = all_roles.get(where)
        if not is_page(answer):
            return
        text = text_of(answer)
        assert f'lang="{told}' in text[:400] or "<html" not in text, name
        words = re.sub(r"<(option|button|a|span)[^>]*\blang=.*?</\1>", "", text, flags=re.DOTALL)
        words = re.sub(r"<script.*?</script>", "", words, flags=re.DOTALL)
        found = set(CHINESE.findall(words)) - {role.name for role in roles().values()} - told_by_data()
        if language == "en" and name not in BOTH:
            assert not found, (name, sorted(found)[:9])
        elif language == "zh-hans" and "<html" in text:
            assert found, name


@lru_cache(maxsize=1)
def told_by_data():
    """Words of the rules that these pages show: a bank writes them in its own language."""
    merits = [name for kind in merit_kinds().values() for name in (kind.names[0], *kind.levels)]
    written = [
        scheme_text(),
        standards.text(),
        TEXT,
        *merits,
        judged.GROUNDS,
        judged.TITLE,
        complaining.TITLE,
        KIND,
        inspect.getsource(courses),
    ]
    return frozenset(CHINESE.findall("\n".join(written)))


BOTH = {
    "control.access",
    "org.person_change",
    "insight.indicators",
    "insight.indicator",
    "standards.workbook",
    "cases.takeover_columns",
}  # names in both languages, or a sheet as a bank wrote it


def queries_of(client: Client, where: str) -> int:
    """How many statements the page takes once it has been opened before."""
    for _time in range(2):
        client.get(where)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        client.get(where)
    return len(asked)


@pytest.mark.parametrize("name", SEEN)
def test_more_rows_are_no_more_queries(bank, all_roles, name):
    """A page asks as often for forty of everything as for a few: nothing is looked up row by row."""
    enrich(bank, "few", 2)
    where = at_head(name, bank, "A")
    few = queries_of(all_roles, where)
    enrich(bank, "many", 8)
    many = queries_of(all_roles, where)
    assert many <= few + 1, f"{name}: {few} queries for few rows, {many} for many"
    assert many <= MOST.get(name, 16), f"{name}: {many} queries"


MOST: dict[str, int] = {}
