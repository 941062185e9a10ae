"""The person behind a request: one answer for pages and operations alike."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.utils.functional import SimpleLazyObject

from kezun.kernel.actor import Denied
from kezun.org.reader import reader_of


def test_the_signed_in_person_is_the_reader(person_in):
    request = RequestFactory().get("/")
    teller = person_in("teller", "O1")
    request.user = SimpleLazyObject(lambda: teller)
    assert reader_of(request).code == "teller.O1"
    assert reader_of(request).trail_name == f"person:{teller.pk}"


def test_nobody_signed_in_is_refused():
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    with pytest.raises(Denied):
        reader_of(request)
