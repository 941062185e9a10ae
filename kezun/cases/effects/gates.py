"""What must hold before a step: each gate returns what is lacking, in words, or nothing."""

from __future__ import annotations

from django.utils.translation import gettext as _

from kezun.cases.doing import Doing, gate
from kezun.cases.following import REPLY
from kezun.cases.models import Case, Link, Proof
from kezun.cases.rules.kinds import Kind, Step
from kezun.cases.wording import named, several


def demanded(kind: Kind, step: Step | None) -> frozenset[str]:
    """Fields without which the gates of a step never let it pass, besides those that the kind requires."""
    if step is None:
        return frozenset()
    found = {f.id for f in kind.fields if f.id in REPLY} if "reply" in step.gates else set()
    if "conditions" in step.gates:  # a condition that does not hold is as good as none
        found |= {f.id for f in kind.asked(step.verb) if f.type == "flag" and f.required}
    return frozenset(found)


@gate("fields")
def fields(doing: Doing) -> str:
    """Fields that earlier verbs left open although the kind wants them by now."""
    held = doing.data()
    lacking = [
        named(f.name, f.name_en)
        for f in doing.kind.fields
        if f.required and doing.verb in f.at and f.id not in held
    ]
    return _("Still missing: %(fields)s.") % {"fields": several(lacking)} if lacking else ""


@gate("reply")
def reply(doing: Doing) -> str:
    """A reply says the decision, the reasons, the basis, and the ways onward."""
    wanted = {
        "decision": _("the decision"),
        "reasons": _("the reasons"),
        "basis": _("the basis"),
        "onward": _("the further ways"),
    }
    held = doing.data()
    needed = demanded(doing.kind, doing.step)
    lacking = [name for id, name in wanted.items() if id in needed and not held.get(id)]
    if lacking:
        return _("The reply lacks: %(parts)s.") % {"parts": several(lacking)}
    return ""


@gate("contacted")
def contacted(doing: Doing) -> str:
    """Whoever brought the case was contacted at least once."""
    if doing.value("contacted_at") is None:
        return _("Contact whoever brought the case first, and note it.")
    return ""


@gate("children")
def children(doing: Doing) -> str:
    """No part of the case is still open."""
    open_parts = Link.objects.filter(
        target=doing.case, type=Link.Type.PART_OF, ended_at__isnull=True, source__open=True
    ).select_related("source")
    names = [link.source.no for link in open_parts[:5]]
    return _("Parts of this case are still open: %(cases)s.") % {"cases": several(names)} if names else ""


@gate("proof")
def proof(doing: Doing) -> str:
    """At least one photo or document is there."""
    if Proof.objects.filter(case=doing.case).exists():
        return ""
    return _("Attach at least one photo or document first.")


@gate("after_photo")
def after_photo(doing: Doing) -> str:
    """A photo of how it is now."""
    if Proof.objects.filter(case=doing.case, stage=Proof.Stage.AFTER).exists():
        return ""
    return _("Attach a photo of how it is now (stage «after»).")


@gate("pairs")
def pairs(doing: Doing) -> str:
    """Every photo from before has one from after, taken of the same thing."""
    rows = Proof.objects.filter(case=doing.case, stage__in=("before", "after")).values_list("stage", "pair")
    before = {pair for stage, pair in rows if stage == "before"}
    after = {pair for stage, pair in rows if stage == "after"}
    lacking = sorted(before - after)
    if lacking:
        return _("A photo from after is missing for: %(pairs)s.") % {"pairs": several(map(str, lacking))}
    return ""


@gate("minutes")
def minutes(doing: Doing) -> str:
    """A meeting was held on it, where the case is of the gravest or was called hard to solve."""
    if doing.value("severity") > 1 and not doing.data().get("hard"):
        return ""
    if doing.case.events.filter(verb="meet").exists():
        return ""
    return _("Hard cases go to a meeting: keep its minutes first.")


def ended(case: Case) -> bool:
    """Whether nothing more is expected of anybody."""
    return not case.open
