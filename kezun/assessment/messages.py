"""Words for the codes of the rules: what is wrong with a text and what to do, why nothing was scored."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kezun.assessment.rules.reading import NotAScheme
from kezun.standards import messages
from kezun.standards.rules.nodes import Problem

COMPONENTS = {
    "negative_weight": gettext_noop("a weight is never negative (%(value)s); write 0 or more"),
    "estimator_of_standard": gettext_noop(
        "inspections are taken as they are; remove the estimator «%(kind)s»"
    ),
    "indicator_or_standard": gettext_noop("a source names an indicator or a standard; state exactly one"),
    "only_of_standard": gettext_noop("«%(name)s» is only for a source that is a standard; remove it"),
    "casemix_of_nothing": gettext_noop("say by which mix to adjust: casemix: [business], [class] or both"),
    "not_two": gettext_noop("a line needs two values and two points: from: [0, 1], to: [0, 100]"),
    "values_order": gettext_noop("the values must rise, each once, two at least; put them in order"),
    "not_monotone": gettext_noop("points must go one way, up or down; correct the one that turns"),
    "points_outside": gettext_noop("%(value)s is outside 0 to 100; points before the weight are out of 100"),
    "band_after_all": gettext_noop("a band without a bound takes everything; put it last"),
    "gate_without_bound": gettext_noop("a gate needs «min» or «max»; add one"),
}
# By what the value of an indicator is made of (`rules.fitting`): what does not fit it, and what does.
UNFIT = {
    "unfit_share": gettext_noop(
        "«%(id)s» is a share, and «%(kind)s» is not made for one; write raw (as measured), beta_binomial_eb "
        "(beta-binomial) or casemix (adjusted for the mix of cases)"
    ),
    "unfit_few": gettext_noop(
        "«%(id)s» is a share of rare things or of two kinds of facts, and «%(kind)s» is not made for one; "
        "write raw (as measured), beta_binomial_eb (beta-binomial), gamma_poisson (gamma-Poisson) or casemix "
        "(adjusted for the mix of cases)"
    ),
    "unfit_events": gettext_noop(
        "«%(id)s» is a rate of events, and «%(kind)s» is not made for one; write raw (as measured) or "
        "gamma_poisson (gamma-Poisson)"
    ),
    "unfit_mean": gettext_noop(
        "«%(id)s» is a mean, a quantile or an NPS, and «%(kind)s» is not made for one; write raw (as "
        "measured) or normal_eb (normal-normal)"
    ),
    "unfit_plain": gettext_noop(
        "«%(id)s» is a count, a formula, a distribution or a rate of points, of whose spread nothing is "
        "known; write raw (as measured) instead of «%(kind)s»"
    ),
    "casemix_unfit": gettext_noop(
        "only shares can be adjusted for the mix of cases, and «%(id)s» is none; remove casemix"
    ),
}
RULES = {
    "no_cap": gettext_noop("points without a cap can take or give anything; add «cap»"),
    "negative_points": gettext_noop(
        "points are written without a sign (%(value)s): deductions take, additions give"
    ),
    "event_or_standard": gettext_noop("a veto is about events or about inspections; state event or standard"),
    "no_weight": gettext_noop("no component has a weight; give one more than 0"),
    "unknown_change": gettext_noop("nothing stands there that can be changed; known are: %(known)s"),
}
WHOLE = {
    "weights_differ": gettext_noop("the weights add up to %(found)s; they must add up to 100"),
    "any_cadence": gettext_noop("«any» already takes every period; remove it or the others"),
    "nothing_judged": gettext_noop("nothing is judged; add components, deductions or additions"),
    "no_base": gettext_noop(
        "a scheme of deductions and additions alone needs a base to start from, for instance 100"
    ),
    "grade_twice": gettext_noop("two grades are called «%(name)s»; rename one"),
    "grade_order": gettext_noop(
        "grades stand from the best down, each with its own min but the last; put them in order"
    ),
    "grade_last": gettext_noop(
        "the last grade («%(name)s») must take every total; remove its min and floors"
    ),
    "unknown_grade": gettext_noop("there is no grade «%(grade)s»; known are: %(known)s"),
    "unknown_component": gettext_noop("there is no component «%(id)s»; known are: %(known)s"),
    "unknown_indicator": gettext_noop("there is no indicator «%(id)s»; near it are: %(known)s"),
    "unknown_standard": gettext_noop("there is no published standard «%(id)s»; there are: %(known)s"),
    "unknown_event": gettext_noop("there is no kind of event «%(id)s»; known are: %(known)s"),
    "by_unit_of_person": gettext_noop(
        "«by: unit» is for people, who are judged by the unit they head; remove it"
    ),
    "limits_order": gettext_noop("the total runs from %(least)s to %(most)s; max must be more than min"),
    "too_many_digits": gettext_noop("a score has at most %(most)d digits after the point"),
    "all_or_any": gettext_noop("a list asks for all of its conditions or for any; state exactly one"),
    "one_condition": gettext_noop("a condition is exactly one of prob, veto and grade"),
    "not_a_share": gettext_noop("%(value)s is not between 0 and 1; write a probability, for instance 0.975"),
}
PROBLEMS: Mapping[str, str] = COMPONENTS | UNFIT | RULES | WHOLE
ALL: Mapping[str, str] = {**messages.PROBLEMS, **PROBLEMS}

STATES: Mapping[str, str] = {
    "scored": gettext_noop("scored"),
    "peer_mean": gettext_noop("filled in with the mean of peers"),
    "missing": gettext_noop("no data"),
    "below_min_n": gettext_noop("too few observations"),
    "gated": gettext_noop("left out: a condition on the data is not met"),
    "gated_zero": gettext_noop("no points: a condition on the data is not met"),
    "counted": gettext_noop("counted"),
    "none": gettext_noop("nothing to count"),
    "pending": gettext_noop("responsibility not yet decided"),
    "not_responsible": gettext_noop("not responsible"),
    "same_incident": gettext_noop("the same incident counts only once"),
    "once": gettext_noop("only the highest counts"),
    "no_points": gettext_noop("the scheme names no points for this level"),
}


def say_problem(problem: Problem, file: str = "") -> str:
    """«file, line 12, components.csat.weight: what is wrong; what to do»."""
    return messages.say_problem(problem, file, ALL)


def say_refusal(refused: NotAScheme, file: str = "") -> list[str]:
    """A message for each problem of a text that was refused, in the order of its lines."""
    return messages.say_refusal(refused, file, ALL)


def say_state(state: str) -> str:
    """How a line or an event stands, in words."""
    return _(STATES[state]) if state in STATES else state


def say_why(why: str, titles: Mapping[str, str]) -> str:
    """Why a subject has no score: «客户满意率: too few observations». titles: component → title."""
    state, _colon, id = why.partition(":")
    return f"{titles.get(id, id)}: {say_state(state)}" if id else say_state(state)
