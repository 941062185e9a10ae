"""Tiers: where ranks may be told apart and where not.

Two rules, both on the rank intervals of `ranking`: `tiers` walks down from the best and opens a new tier
only where a unit can no longer be as good as the tier's first one; `sides` names only who is surely in the
better or in the worse half. Units of one tier are published without an order inside it.
"""

from __future__ import annotations

import numpy as np

from .ranking import Ranks, Whole


def tiers(ranks: Ranks) -> Whole:
    """The tier of each unit, 1 = first, shape (units,).

    In the order of places, a unit belongs to the tier as long as its rank interval overlaps that of the
    tier's first unit; the first that does not opens the next tier. Equal places always share a tier. Tiers
    follow places, so a unit with a wide interval may stand below one that its interval reaches.
    """
    order = np.lexsort((ranks.low, ranks.place))
    found = np.zeros(len(order), dtype=np.int64)
    tier, reach, place = 0, -1, -1
    for i in order:
        if ranks.low[i] > reach and ranks.place[i] != place:
            tier, reach = tier + 1, int(ranks.high[i])
        place = int(ranks.place[i])
        found[i] = tier
    return found


def sides(ranks: Ranks) -> Whole:
    """1 where the whole rank interval lies in the better half, −1 in the worse half, 0 where nobody can
    say."""
    middle = (len(ranks.place) + 1) / 2
    return (ranks.high < middle).astype(np.int64) - (ranks.low > middle).astype(np.int64)
