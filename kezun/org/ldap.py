"""Sign-in against the bank's directory: LDAP says whether the password is right, the roster says who it is.

Settings: KEZUN_LDAP_URL (`ldaps://host` or `ldap://host` with STARTTLS) and KEZUN_LDAP_DN, a template such as
`uid={name},ou=people,dc=bank`. Nobody is created from the directory.
"""

from __future__ import annotations

import logging

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest
from ldap3 import AUTO_BIND_NO_TLS, AUTO_BIND_TLS_BEFORE_BIND, NONE, Connection, Server
from ldap3.core.exceptions import LDAPBindError, LDAPException
from ldap3.utils.dn import escape_rdn

from kezun.org.models import Person
from kezun.org.signin import works_here

TIMEOUT = 5
log = logging.getLogger("kezun.org.ldap")


def binds(dn: str, password: str) -> bool:
    """Whether the directory accepts the password for the name; False also where it cannot be reached."""
    url = settings.KEZUN_LDAP_URL
    auto = AUTO_BIND_NO_TLS if url.startswith("ldaps://") else AUTO_BIND_TLS_BEFORE_BIND
    server = Server(url, get_info=NONE, connect_timeout=TIMEOUT)
    try:
        with Connection(server, user=dn, password=password, auto_bind=auto, receive_timeout=TIMEOUT):
            return True
    except LDAPBindError:
        return False
    except LDAPException:
        log.exception("the directory does not answer")
        return False


class LdapBackend(ModelBackend):
    """Tries the directory for people of the roster; off where KEZUN_LDAP_URL is empty."""

    def authenticate(  # type: ignore[override]
        self, request: HttpRequest | None, username: str = "", password: str = "", **given: object
    ) -> Person | None:
        """The person, where the directory accepts the password. An empty password never binds."""
        if not settings.KEZUN_LDAP_URL or not username or not password:
            return None
        person = Person.objects.get_queryset().filter(username__iexact=username).first()
        if person is None or not works_here(person):
            return None
        dn = settings.KEZUN_LDAP_DN.format(name=escape_rdn(person.username))
        return person if binds(dn, password) else None

    def user_can_authenticate(self, user: Person | None) -> bool:  # type: ignore[override]
        """See `works_here`."""
        return user is not None and works_here(user)
