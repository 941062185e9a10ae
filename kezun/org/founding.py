"""The first person of a fresh installation, with whom everything else begins."""

from __future__ import annotations

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.kernel.actor import Actor
from kezun.org import actions, passwords
from kezun.org.models import Person, Post, Unit, UnitPlace, valid_on
from kezun.org.scope import roles

CODE = "admin"
ROLE = "security_admin"
HEAD = "HEAD"


def first_person(actor: Actor) -> actions.Secret | None:
    """Make the first security administrator with a one-time password; None where somebody can sign in.

    The post needs a unit: the top of the tree, or a head office with the code HEAD where there is none yet.
    """
    signing_in = Person.objects.get_queryset().filter(is_active=True, username__isnull=False)
    if signing_in.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX).exists():
        return None
    with transaction.atomic():
        unit = _top() or actions.open_unit(
            actor, None, code=HEAD, name=_("Head office"), name_en="Head office", kind=Unit.Kind.HEAD_OFFICE
        )
        role = roles()[ROLE]
        post = Post.objects.filter(role=ROLE).first() or actions.add_post(
            actor, code=ROLE, name=role.name, name_en=role.name_en, role=ROLE
        )
        person = Person.objects.get_queryset().filter(code=CODE).first() or actions.add_person(
            actor, unit, code=CODE, name=role.name, username=CODE
        )
        if not person.is_active:
            actions.enable_person(actor, person, reason=_("Nobody else can sign in."))
        if not person.assignments.filter(valid_on(timezone.localdate()), post__role=ROLE).exists():
            actions.assign(actor, unit, person=person, post=post)
        secret = actions.Secret(passwords.generate())
        actions.set_password(actor, person, password=secret.text, must_change=True)
    return secret


def _top() -> Unit | None:
    places = UnitPlace.objects.filter(valid_on(timezone.localdate()), parent=None).order_by("pk")
    place = places.select_related("unit").first()
    return place.unit if place else None
