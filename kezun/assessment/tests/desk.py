"""What tests of the office's pages share: an answer's text on one line, addresses by name."""

from __future__ import annotations

import re

from django.urls import reverse


def body(answer) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def address(name, *args):
    return reverse(f"assessment.{name}", args=args)
