"""Fixtures for every room: a home of its own per process, and a small bank to test against."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
from collections.abc import Callable

import hypothesis
import pytest
from django.conf import settings
from django.utils import translation

pytest_plugins = ["tools.noon"]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kezun.site.settings")
# The settings chose a home for this process (they are loaded before this file); its children share it.
os.environ["KEZUN_HOME"] = str(settings.KEZUN_HOME)
atexit.register(shutil.rmtree, settings.KEZUN_HOME, ignore_errors=True)


@pytest.fixture(autouse=True, scope="session")
def _cheap_passwords() -> None:
    """Passwords are hashed by the same function as in a bank, at the least cost it knows."""
    from django.contrib.auth.hashers import Argon2PasswordHasher

    Argon2PasswordHasher.time_cost = Argon2PasswordHasher.parallelism = 1
    Argon2PasswordHasher.memory_cost = 8


def pytest_configure(config: pytest.Config) -> None:
    """Translations are compiled where a room's django.po is newer, so that tests see what pages show."""
    from tools import words

    words.compile_all()
    hypothesis.settings.register_profile("kezun", deadline=None)  # a busy machine proves nothing wrong
    hypothesis.settings.load_profile("kezun")


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--only-database",
        action="store_true",
        help="only tests that use the database, without browser, drills and those marked `once`: "
        "the second pass, on PostgreSQL",
    )


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes and long texts are called by the name of their parameter: a workbook made while collecting holds
    the time, and then two workers would not find the same tests."""
    return argname if isinstance(val, bytes) or (isinstance(val, str) and len(val) > 80) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest first, so that no worker is left alone with them at the end; the second pass's choice."""
    items.sort(key=lambda item: item.get_closest_marker("drill") is None)
    if not config.getoption("--only-database"):
        return
    config.hook.pytest_deselected(items=[item for item in items if not _asks_the_database(item)])
    items[:] = [item for item in items if _asks_the_database(item)]


def _asks_the_database(item: pytest.Item) -> bool:
    """Whether a test belongs to the second pass: it uses the database, and nothing says that once is enough.

    What is not marked runs, so a new test cannot be forgotten.
    """
    fixtures = set(getattr(item, "fixturenames", ()))
    elsewhere = any(item.get_closest_marker(name) for name in ("browser", "drill", "real", "once"))
    uses = fixtures & {"db", "transactional_db"} or item.get_closest_marker("django_db")
    return bool(uses) and not elsewhere


@pytest.fixture(autouse=True)
def _bank_language() -> None:
    """Each test starts in the bank's language, whatever the last request of the one before it spoke."""
    translation.activate(settings.LANGUAGE_CODE)


BANK = (
    *(("HO", "", "head_office"), ("P1", "HO", "tier1"), ("P2", "HO", "tier1"), ("CC", "HO", "call_centre")),
    *(("C1", "P1", "tier2"), ("C2", "P2", "tier2"), ("S1", "C1", "sub_branch"), ("S2", "C2", "sub_branch")),
    *(("O1", "S1", "outlet"), ("O2", "S1", "outlet"), ("O3", "S2", "outlet")),
)


@pytest.fixture
def bank(db):
    """HO ⊃ P1 ⊃ C1 ⊃ S1 ⊃ {O1, O2}; HO ⊃ P2 ⊃ C2 ⊃ S2 ⊃ {O3}; HO ⊃ CC. Returns units by code.

    Loaded in one go, as a pack is: unit by unit it took a third of the suite's time.
    """
    from kezun.kernel.actor import SystemActor
    from kezun.org.loading import load_organisation
    from kezun.org.models import Unit
    from kezun.org.planning import Organisation
    from kezun.org.rules.rows import UnitRow

    rows = [UnitRow(code, f"机构{code}", kind, parent, code) for code, parent, kind in BANK]
    load_organisation(SystemActor("test"), Organisation(units=tuple(rows)), pack="test", version=1)
    found = {unit.code: unit for unit in Unit.objects.all()}
    return {code: found[code] for code, _parent, _kind in BANK}


@pytest.fixture
def person_in(bank) -> Callable[..., object]:
    """`person_in("teller", "O1")` makes (once) a person assigned today to that role at that unit."""
    from kezun.org.models import Assignment, Person, Post
    from kezun.org.scope import roles

    def make(role: str, unit: str):
        code = f"{role}.{unit}"
        found = Person.objects.filter(code=code).first()
        if found:
            return found
        known = roles()[role]
        post, _ = Post.objects.get_or_create(
            code=role, defaults={"name": known.name, "name_en": known.name_en, "role": role}
        )
        person = Person(code=code, username=code, name=f"测{role}", home_unit=bank[unit])
        person.set_unusable_password()
        person.save()
        Assignment.objects.create(person=person, unit=bank[unit], post=post)
        return person

    return make
