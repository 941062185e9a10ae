"""How a person wants to be told by mail."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

PrivacyClasses = dict[str, str]


class Preference(models.Model):
    """Of one person: whether notices also go by mail, when they may not, and when the day's mail goes.

    quiet_from, quiet_until: times of day in the bank's zone; the span may lie over midnight; both the same:
    no quiet. Without a row the defaults hold.
    """

    class Mail(models.TextChoices):
        AT_ONCE = "at_once", _("At once")
        DIGEST = "digest", _("Once a day")
        NEVER = "never", _("Never")

    privacy: ClassVar[PrivacyClasses] = dict.fromkeys(
        ("id", "person", "mail", "quiet_from", "quiet_until", "digest_at"), "none"
    )

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notice_preference"
    )
    mail = models.CharField(max_length=8, choices=Mail.choices, default=Mail.AT_ONCE)
    quiet_from = models.TimeField(default=dt.time(20, 0))
    quiet_until = models.TimeField(default=dt.time(7, 30))
    digest_at = models.TimeField(default=dt.time(8, 0))

    def __str__(self) -> str:
        return f"{self.person_id} {self.mail}"
