"""How invented cases are tried here: a fixed number, without a clock, since the first call loads scipy."""

from __future__ import annotations

from hypothesis import settings

trying = settings(deadline=None, max_examples=40)
few = settings(deadline=None, max_examples=20)
