"""Signing in as a role, for the tests of pages."""

import pytest
from django.utils import timezone

BACKEND = "kezun.org.signin.Backend"


@pytest.fixture
def as_(client, person_in):
    """Sign in as a role at a unit; returns the person."""

    def enter(role, unit, raised=False):
        person = person_in(role, unit)
        client.force_login(person, backend=BACKEND)
        if raised:
            session = client.session
            session["raised"] = timezone.now().timestamp() + 600
            session.save()
        return person

    return enter
