"""What the tests of the import desk share: reading its pages, saying yes."""

from __future__ import annotations

import re

from django.urls import reverse

from kezun.facts.tests.importing import HEADER, line

GOOD = HEADER + line("1") + line("2", outlet="O2")
PAGES = ("facts.batch", "facts.progress", "facts.rejects")


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def page(desk, name, batch, **query):
    return desk.get(reverse(name, args=[batch.pk]), query)


def confirm(desk, batch, profile="p/queue"):
    return desk.post(reverse("facts.decide", args=[batch.pk, "confirm"]), {"profile": profile}, follow=True)
