"""API operations of facts, declared where they are imported."""

from __future__ import annotations

from kezun.facts import api_import, api_indicators

__all__ = ["api_import", "api_indicators"]
