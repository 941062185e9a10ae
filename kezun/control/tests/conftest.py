"""A home of its own, and clients signed in as somebody."""

import pytest
from django.test import Client

from kezun.kernel import trail


@pytest.fixture
def home(tmp_path, settings):
    """KEZUN_HOME in a folder of the test's own, with a trail key of its own."""
    settings.KEZUN_HOME = tmp_path
    trail._key_at.cache_clear()
    yield tmp_path
    trail._key_at.cache_clear()


@pytest.fixture
def as_role(home, person_in):
    """`as_role("auditor")`: a client signed in as that role, at head office where nothing else is said."""

    def sign_in(role, unit="HO"):
        client = Client(headers={"accept-language": "en"})
        client.person = person_in(role, unit)
        client.force_login(client.person, backend="kezun.org.signin.Backend")
        client.cookies["kezun_language"] = "en"
        return client

    return sign_in
