"""A home of its own for every test that writes files or anchors."""

import pytest

from kezun.kernel import trail


@pytest.fixture
def home(tmp_path, settings):
    """KEZUN_HOME in a folder of the test's own, with a trail key of its own."""
    settings.KEZUN_HOME = tmp_path
    trail._key_at.cache_clear()
    yield tmp_path
    trail._key_at.cache_clear()
