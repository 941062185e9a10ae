"""What several actions check of the values they are given; each names the field that is wrong."""

from __future__ import annotations

import datetime as dt
import zoneinfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LONGEST_TAG = 60


def in_order(first: dt.date, last: dt.date, field: str) -> None:
    """Raise ValidationError on `field` where the last day lies before the first."""
    if last < first:
        raise ValidationError({field: _("The last day lies before the first.")})


def zone_known(zone: str) -> None:
    """Raise ValidationError on `zone` where it is no name of the time zone database."""
    if zone not in zoneinfo.available_timezones():
        text = _("“%(value)s” is not a time zone; write for instance Asia/Shanghai.")
        raise ValidationError({"zone": text % {"value": zone[:40]}})


def tags_short(tags: set[str]) -> None:
    """Raise ValidationError on `tags` where one is too long for its column."""
    long = sorted(tag for tag in tags if len(tag) > LONGEST_TAG)
    if long:
        text = _("The tag “%(tag)s…” is too long: at most %(most)d characters.")
        raise ValidationError({"tags": text % {"tag": long[0][:20], "most": LONGEST_TAG}})


def reason_given(reason: str) -> None:
    """Raise ValidationError on `reason` where it is shorter than four characters."""
    if len(reason.strip()) < 4:
        raise ValidationError({"reason": _("Give a reason of at least four characters; it is recorded.")})
