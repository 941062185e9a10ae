"""The outbox: notices that wait for a mail are sent person by person, outside of every transaction.

A mail is claimed for some minutes before it is sent, so two workers never send the same one at the same
time; one that dies in between leaves it to the next, after that. What cannot be sent is tried again, and
given up after `TRIES` times. Mails name cases by their number and hold nothing of customers.
"""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from kezun.cases.models import Notice
from kezun.cases.notices import text_of
from kezun.cases.rules.quiet import retry_at
from kezun.kernel.health import NotWell, check
from kezun.org.models import Person

TRIES = 6
LINES = 50
LEASE = dt.timedelta(minutes=10)
log = logging.getLogger("kezun.cases")


@dataclass
class Posted:
    """What one run sent: mails, notices in them, mails that failed."""

    mails: int = 0
    notices: int = 0
    failed: int = 0


def send_due(limit: int = 500) -> Posted:
    """Send what is due, one mail for each person; at most `limit` mails. Safe to run in parallel."""
    done = Posted()
    while done.mails + done.failed < limit and (claimed := _claim(timezone.now())):
        _post(done, claimed)
    return done


def _claim(now: dt.datetime) -> list[Notice]:
    """The due notices of whoever has waited longest, kept from others for a while."""
    skip = connection.features.has_select_for_update_skip_locked
    with transaction.atomic():
        waiting = Notice.objects.filter(mail=Notice.State.WAITING, mail_at__lte=now).order_by("mail_at", "pk")
        first = waiting.select_for_update(skip_locked=skip).values_list("person", flat=True).first()
        if first is None:
            return []
        own = waiting.filter(person=first).select_for_update(skip_locked=skip)
        rows = list(own.order_by("at", "pk")[:LINES])
        for row in rows:
            row.tries, row.mail_at = row.tries + 1, now + LEASE
        Notice.objects.bulk_update(rows, ["tries", "mail_at"])
    return rows


def _post(done: Posted, rows: list[Notice]) -> None:
    person = Person.objects.get(pk=rows[0].person_id)
    pks = [row.pk for row in rows]
    if not person.email or not person.is_active:
        Notice.objects.filter(pk__in=pks).update(mail=Notice.State.NONE, mail_at=None)
        return
    try:
        message_to(person, rows).send()
    except (OSError, ValueError) as error:  # smtplib's errors are OSErrors
        done.failed += 1
        log.warning("a mail could not be sent", extra={"person": person.pk}, exc_info=error)
        _failed(rows, f"{type(error).__name__}: {error}"[:200])
        return
    done.mails, done.notices = done.mails + 1, done.notices + len(rows)
    sent = {"mail": Notice.State.SENT, "mail_at": timezone.now(), "error": ""}
    Notice.objects.filter(pk__in=pks).update(**sent)


def _failed(rows: list[Notice], why: str) -> None:
    now = timezone.now()
    for row in rows:
        row.error = why
        row.mail_at = retry_at(now, row.tries)
        row.mail = Notice.State.FAILED if row.tries >= TRIES else Notice.State.WAITING
    Notice.objects.bulk_update(rows, ["error", "mail", "mail_at"])


def message_to(person: Person, rows: list[Notice]) -> EmailMessage:
    """One mail with a line for each notice, in the person's language."""
    with translation.override(person.language or settings.LANGUAGE_CODE):
        lines = [f"{timezone.localtime(row.at):%m-%d %H:%M}  {text_of(row)}" for row in rows]
        count = ngettext("%(n)d notice of cases", "%(n)d notices of cases", len(rows)) % {"n": len(rows)}
        foot = _("Sign in to see more. This mail holds nothing of customers; do not answer it.")
        return EmailMessage(
            subject=lines[0][13:] if len(rows) == 1 else count,
            body="\n".join([*lines, "", foot]),
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=[person.email],
        )


@check("mail", lazy("Mails about cases"), vital=False)
def mails() -> str:
    """No mail was given up in the last day, and none has waited for an hour past its time."""
    if not settings.KEZUN_MAIL:
        return _("no mails are sent")
    now = timezone.now()
    given_up = Notice.objects.filter(
        mail=Notice.State.FAILED, mail_at__gte=now - dt.timedelta(days=1)
    ).count()
    waiting = Notice.objects.filter(mail=Notice.State.WAITING)
    stuck = waiting.filter(mail_at__lt=now - dt.timedelta(hours=1)).count()
    if given_up or stuck:
        numbers = {"given_up": given_up, "stuck": stuck}
        raise NotWell(_("%(given_up)d given up, %(stuck)d waiting too long") % numbers)
    return _("%(n)d waiting") % {"n": waiting.count()}
