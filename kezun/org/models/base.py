"""What the tables of the organisation share: validity by days, names in two languages."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _

PrivacyClasses = dict[str, str]
FOREVER = dt.date(9999, 12, 31)


def valid_on(day: dt.date, prefix: str = "") -> Q:
    """Rows whose [from_date, to_date] contains `day`; to_date is the last day (9999-12-31: open)."""
    return Q(**{f"{prefix}from_date__lte": day, f"{prefix}to_date__gte": day})


class Named(models.Model):
    """A name in Chinese and one in English; the page's language chooses."""

    name = models.CharField(_("name"), max_length=120)
    name_en = models.CharField(_("English name"), max_length=120, blank=True)

    class Meta:
        abstract = True

    @property
    def title(self) -> str:
        """The name in the page's language, Chinese where there is no English one."""
        english = (translation.get_language() or "").startswith("en")
        return self.name_en if english and self.name_en else self.name

    def __str__(self) -> str:
        return self.title
