"""Why an entry stands on a list, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezun.assessment.rules.form import Scheme
from kezun.assessment.scorecards import title_of
from kezun.assessment.wording import OPERATORS, english, grade_name

PEERS = {
    "peer_p90": gettext_lazy("the best tenth of its peers"),
    "peer_p75": gettext_lazy("the best quarter of its peers"),
    "peer_median": gettext_lazy("the middle of its peers"),
    "peer_p25": gettext_lazy("the lowest quarter of its peers"),
    "peer_p10": gettext_lazy("the lowest tenth of its peers"),
}


def conditions(why: Iterable[Mapping[str, Any]], form: Scheme) -> list[str]:
    """Each condition that was met: what was compared with what, and how probable it is."""
    return [_said(one, form) for one in why if one["met"]]


def _said(one: Mapping[str, Any], form: Scheme) -> str:
    if "veto" in one:
        return _("a veto") if one["veto"] == "any" else _("no veto")
    if "grades" in one:
        names = (", " if english() else "、").join(grade_name(name, form.grades) for name in one["grades"])
        return _("grade %(names)s") % {"names": names}
    component = form.component(one["metric"])
    what = title_of(component) if component else _("Total")
    bound = str(PEERS.get(one["ref"], one["ref"]))
    if one["bound"] is not None and one["ref"] in PEERS:
        bound = f"{bound} ({one['bound']:.4g})"
    return _("%(what)s %(op)s %(bound)s: probability %(p)s %%") % {
        "what": what,
        "op": OPERATORS.get(one["op"], one["op"]),
        "bound": bound,
        "p": f"{100 * one['p']:.1f}",
    }
