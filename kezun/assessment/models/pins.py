"""What runs keep so that they can be repeated: rosters and definitions, by their content."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

PrivacyClasses = dict[str, str]


class Pin(models.Model):
    """Bytes found by their hash, kept once however many runs use them: a roster, indicators' definitions."""

    privacy: ClassVar[PrivacyClasses] = {"sha256": "none", "at": "none", "body": "C1"}

    sha256 = models.CharField(max_length=64, primary_key=True)
    body = models.BinaryField()
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.sha256
