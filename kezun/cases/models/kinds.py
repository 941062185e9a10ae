"""Kinds of cases: editions of a text, like standards; a case keeps to the edition it was opened under."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from kezun.kernel.frozen import Frozen, freeze
from kezun.standards.editions import Edition, EditionQuerySet

PrivacyClasses = dict[str, str]


class Kind(Edition):
    """One edition of a kind of case: its fields, steps, clocks and who may do what (`text`, kezun.kind/1).

    course: the steps of the flow that the text names, as they stood when it was settled: a flow that is
    written anew later changes no edition, and no case that was opened under it.
    """

    READ: ClassVar[str] = "cases.read"
    WORK: ClassVar[tuple[str, ...]] = ("cases.draft_kind", "cases.approve_kind")
    privacy: ClassVar[PrivacyClasses] = {**Edition.EDITION_PRIVACY, "course": "none"}

    course = models.JSONField(default=list, blank=True)

    objects = EditionQuerySet["Kind"].as_manager()

    class Meta(Edition.Meta):
        pass


freeze(Frozen("cases_kind", "published_at", (*Edition.SETTLED, "course")))
