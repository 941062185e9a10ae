"""Somebody of every role, each where it stands, signed in: loaded in one go, since hundreds of tests ask."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from kezun.org.models import Assignment, Person, Post, SignInSession, Unit
from kezun.org.scope import roles

BACKEND = "kezun.org.signin.Backend"
RAISED_S = 900


def everyone(at: dict[str, Unit]) -> dict[str, Person]:
    """A person for each role, assigned at the unit that `at` names for it; as `person_in` makes them."""
    known = roles()
    posts = {
        role: Post(code=role, name=known[role].name, name_en=known[role].name_en, role=role) for role in at
    }
    people = {}
    for role, unit in at.items():
        code = f"{role}.{unit.code}"
        people[role] = Person(code=code, username=code, name=f"测{role}", home_unit=unit)
        people[role].set_unusable_password()
    Post.objects.bulk_create(posts.values())
    Person.objects.bulk_create(people.values())
    Assignment.objects.bulk_create(
        Assignment(person=people[role], unit=unit, post=posts[role]) for role, unit in at.items()
    )
    return people


def signed_in(people: dict[str, Person], raised: bool) -> dict[str, Client]:
    """A client for each of them, as after signing in (with raised rights, where asked) a moment ago."""
    now = timezone.now()
    told: dict[str, Any] = {"began": now.timestamp(), "seen": now.timestamp(), BACKEND_SESSION_KEY: BACKEND}
    if raised:
        told["raised"] = now.timestamp() + RAISED_S
    keys = {role: secrets.token_hex(16) for role in people}
    until, store = now + dt.timedelta(seconds=settings.SESSION_COOKIE_AGE), SessionStore()
    clients, rows = {}, []
    for role, person in people.items():
        who = {SESSION_KEY: str(person.pk), HASH_SESSION_KEY: person.get_session_auth_hash()}
        data = store.encode(told | who)
        rows.append(Session(session_key=keys[role], session_data=data, expire_date=until))
        clients[role] = Client(raise_request_exception=False)
        clients[role].cookies[settings.SESSION_COOKIE_NAME] = keys[role]
    Session.objects.bulk_create(rows)
    SignInSession.objects.bulk_create(
        SignInSession(person=person, session_key=keys[role]) for role, person in people.items()
    )
    return clients
