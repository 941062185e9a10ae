"""What a run published of the peers of a subject: what estimators learned of them, and the shares that each
kind of business is expected to reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from kezun.assessment.models import Run
from kezun.assessment.rules.form import Component
from kezun.assessment.scorecards import Scorecard


@dataclass(frozen=True)
class Coefficient:
    """A stratum of the mix of cases: the value that is expected of it (that of all subjects), its cases."""

    name: str
    value: float
    n: int


def priors(card: Scorecard, component: Component, version: str) -> Sequence[Any] | None:
    """What was learned of the peers of this subject for a component, in one edition."""
    by_group = _published(card.run, "learned", component, version) or {}
    found: Sequence[Any] | None = by_group.get("" if component.estimator.scope == "all" else card.row.group)
    return found


def coefficients(card: Scorecard, component: Component, version: str) -> list[Coefficient]:
    """What the value of each kind of case was taken for in adjusting a component, the commonest first.

    Empty for components that are not adjusted, and for runs made before these were kept.
    """
    told = _published(card.run, "mixes", component, version) or []
    made = [Coefficient(" · ".join(names) or _("all others"), value, n) for names, value, n in told]
    return sorted(made, key=lambda one: (-one.n, one.name))


def _published(run: Run, what: str, component: Component, version: str) -> Any:
    """What a run keeps of a component, of the edition that judged; None where it keeps nothing."""
    kept = run.peers.get(what, [])
    editions = [e.get("version") for e in run.inputs.get("scheme", {}).get("editions", [])]
    at = editions.index(version) if version in editions else len(kept) - 1
    return kept[at].get(component.id) if 0 <= at < len(kept) else None
