"""A home without facts of other tests, for tests that compute runs."""

from __future__ import annotations

import pytest


@pytest.fixture
def own_home(settings, tmp_path):
    """Ask for it before `bank`: the trail's key lies in the home."""
    settings.KEZUN_HOME = tmp_path / "home"
