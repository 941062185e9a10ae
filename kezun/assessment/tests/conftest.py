"""A home without facts of other tests; the office, and three outlets judged over a March."""

from __future__ import annotations

import importlib

import pytest
from django.test import Client

from kezun.assessment.tests import world

importlib.import_module("kezun.assessment.upkeep")  # what follows the ledger's actions subscribes there


@pytest.fixture
def own_home(settings, tmp_path):
    """Ask for it before `bank`: the trail's key lies in the home."""
    settings.KEZUN_HOME = tmp_path / "home"


@pytest.fixture
def office(own_home, bank, person_in):
    return person_in("service_office", "HO")


@pytest.fixture
def second(office, person_in):
    return person_in("service_office", "P1")


@pytest.fixture
def visit(settings):
    """`visit(person)` → a client signed in as that person, reading English."""
    settings.AXES_ENABLED = False

    def make(person, language="en") -> Client:
        client = Client()
        client.force_login(person)
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        return client

    return make


@pytest.fixture
def judged(office):
    """A scheme in force since 2025, and a March in which three outlets served and were rated."""
    scheme = world.installed(world.scheme_text())
    with world.together():
        for outlet, bad in (("O1", 2), ("O2", 10), ("O3", 25)):
            world.served(outlet, "2026-03-10", 60, 5)
            world.rated(outlet, "2026-03-10", 60 - bad, bad)
    return scheme
