"""What a person does with their own notices: mark them read, say how mails should come."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.cases.models import Notice, Preference
from kezun.kernel.action import action
from kezun.kernel.actor import OutOfScope
from kezun.org.models import Person


@action("cases.mark_notice")
def mark_notice(actor: Person, notice: Notice) -> Notice:
    """Mark one's own notice as read; again is harmless. Raises OutOfScope for another's."""
    if notice.person_id != actor.pk:
        raise OutOfScope(_("No such notice of yours."))
    Notice.objects.filter(pk=notice.pk, read_at__isnull=True).update(read_at=timezone.now())
    notice.refresh_from_db()
    return notice


@action("cases.mark_notices")
def mark_notices(actor: Person) -> int:
    """Mark all of one's own notices as read; returns how many were new."""
    return Notice.objects.filter(person=actor, read_at__isnull=True).update(read_at=timezone.now())


@action("cases.prefer")
def prefer(
    actor: Person, *, mail: str, quiet_from: dt.time, quiet_until: dt.time, digest_at: dt.time
) -> Preference:
    """Say whether and when mails about cases may come. Raises ValidationError by field."""
    if mail not in Preference.Mail.values:
        known = ", ".join(Preference.Mail.values)
        raise ValidationError({"mail": _("Choose one of: %(known)s.") % {"known": known}})
    values = {"mail": mail, "quiet_from": quiet_from, "quiet_until": quiet_until, "digest_at": digest_at}
    return Preference.objects.update_or_create(person=actor, defaults=values)[0]
