"""Words for the codes of the rules: each problem says what is wrong and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as mark

from kezun.standards.rules.nodes import NotAStandard, Problem
from kezun.standards.rules.scoring import Lack, Line

FORM = {
    "not_yaml": mark("this is not YAML (%(why)s); check indentation, colons and quotes here"),
    "too_deep": mark("this is nested too deeply; a standard is modules, items, criteria"),
    "empty_file": mark("the file is empty; begin with «schema: kezun.standard/1»"),
    "alias": mark("anchors and aliases (& and *) are not taken; write the part out"),
    "too_large": mark("more than %(most)d values; split the standard"),
    "key_twice": mark("the key «%(key)s» stands here twice; keep one"),
    "not_mapping": mark("keys with values are expected here, for instance «id: M1»"),
    "unknown_key": mark("there is no key «%(name)s» here; known are: %(known)s"),
    "missing_key": mark("«%(name)s» is missing; add it"),
    "not_text": mark("a text is expected here; write it in one line or in quotes"),
    "unknown_value": mark("«%(value)s» is not known here; choose one of: %(known)s"),
    "not_number": mark("«%(value)s» is not a number; write digits, for instance 2.5"),
    "not_whole": mark("«%(value)s» is not a whole number from %(least)d on; correct it"),
    "not_flag": mark("«%(value)s» is neither true nor false; write one of them"),
    "not_day": mark("«%(value)s» is not a day; write it like 2026-01-31"),
    "twice": mark("«%(value)s» stands in the list twice; remove one"),
    "not_list": mark("a list is expected here: [a, b], or lines that begin with «- »"),
    "empty_list": mark("the list is empty; add at least one entry"),
    "not_pair": mark("a pair is expected here: [value, share]"),
    "not_a_name": mark("«%(value)s» is too long or has spaces, # or @ in it; shorten or rename it"),
}
ANSWERS = {
    "text_has_points": mark("a text is not scored but has %(points)s points; set them to 0"),
    "share_outside": mark("the share %(value)s is not between 0 and 1; correct it"),
    "unknown_option": mark("«%(option)s» is not an option of this answer; known are: %(known)s"),
    "no_full_option": mark("no option earns all points; give one the share 1"),
    "not_positive": mark("%(value)s is not more than 0; correct it"),
    "floor_outside": mark("the floor %(floor)s is not between 0 and the %(points)s points; correct it"),
    "bands_or_linear": mark("an indicator is judged by «bands» or by «linear»; state exactly one"),
    "band_after_all": mark("a band without a bound takes everything; put it last"),
    "band_order": mark("the bounds are not in order for «%(op)s»; put the strictest first, each bound once"),
    "band_shares": mark("a looser band earns more than a stricter one; put the shares in falling order"),
    "line_order": mark("a line needs two points or more with rising values; put them in order"),
    "range_empty": mark("from %(least)s to %(most)s is no range; max must be more than min"),
    "range_points": mark("the range ends at %(most)s, the criterion has %(points)s points; make them equal"),
    "value_outside": mark("%(value)s is outside %(least)s to %(most)s; remove it or widen the range"),
}
CRITERIA = {
    "negative_points": mark("points are never negative (%(value)s); a range may go below 0 instead"),
    "blind_without_method": mark("a blind criterion must name the methods that may ask it; add «methods»"),
    "blind_announced": mark(
        "%(method)s is not among the covert methods; remove it here, or list it under «covert»"
    ),
    "tag_both_ways": mark("the tag «%(tag)s» is both asked for and excluded; remove one"),
    "veto_without_effect": mark("this veto has no effect; give it a grade_cap or exclude_from_awards: true"),
    "lineage_how": mark("state exactly one of: %(known)s"),
    "one_reference": mark("same_as names one criterion; use merged_from for several"),
    "not_reference": mark("«%(value)s» is not edition#criterion, for instance «2025.1#M1.1.01»"),
    "unknown_target": mark(
        "the cascade names «%(target)s», which is not in this standard; correct or remove it"
    ),
    "cascade_circle": mark("cascades run in a circle: %(ring)s; remove one of them"),
    "cascade_of_demerits": mark(
        "on a scale of demerits a cascade would reward; remove it or use a points scale"
    ),
    "unknown_grade": mark("the grade «%(grade)s» is not in scale.grades (%(known)s); use one of them"),
}
WHOLE = {
    "sum_differs": mark("%(stated)s points are stated, but the %(below)s add up to %(found)s; correct one"),
    "id_twice": mark("the id «%(id)s» is used already in line %(first)d; give this one its own"),
    "id_retired": mark("the id «%(id)s» is in the list of the retired; give this one a new id"),
    "over_and_overlay": mark(
        "an overlay (kind: overlay) says under «over» what it lies over; state both or neither"
    ),
    "validity_empty": mark("the validity ends on %(end)s, not after %(start)s; correct one of the days"),
    "rating_order": mark("the ratings are not in order; begin with the best, each with its own bound"),
    "rating_last": mark("the last rating («%(rating)s») must take everything; remove its bounds"),
    "rating_twice": mark("two ratings have the same name; rename one"),
    "caps_without_order": mark(
        "several grade caps (%(caps)s), but no order; list scale.grades, the best first"
    ),
    "overlay_without_end": mark("an overlay holds for a time; state valid.to"),
    "supersedes_itself": mark("edition %(version)s supersedes itself; name the one before"),
}
EDITIONS = {
    "validity_overlaps": mark(
        "overlaps edition %(version)s (from %(start)s); end that one first, or supersede it from a later day"
    ),
    "unknown_edition": mark("there is no edition %(version)s; known are: %(known)s"),
    "id_retired_before": mark(
        "the id «%(id)s» was last used in edition %(version)s and is retired; give this one a new id"
    ),
    "id_reused": mark(
        "the id «%(id)s» means something else in edition %(version)s; give this one a new id, "
        "or say that it is the same (same_as)"
    ),
    "unknown_origin": mark("%(reference)s does not exist; correct the lineage"),
    "change_unknown": mark(
        "«%(id)s» is not a criterion of edition %(version)s; correct or remove the change"
    ),
    "change_of_range": mark(
        "the points of «%(id)s» cannot be changed so; an overlay changes points to more than 0, "
        "never those of a range or a text"
    ),
    "id_of_base": mark("the id «%(id)s» belongs to the standard below (%(version)s); give this one its own"),
}
PROBLEMS: Mapping[str, str] = FORM | ANSWERS | CRITERIA | WHOLE | EDITIONS

LACKS: Mapping[str, str] = {
    "unanswered": mark("not answered yet; choose an answer"),
    "no_value": mark("there is no value of %(ref)s yet; wait for it or enter it"),
    "na_not_allowed": mark("«not applicable» is not allowed here; choose an answer"),
    "na_without_reason": mark("«not applicable» needs a reason; write one"),
    "unknown_option": mark("«%(option)s» is not an answer here; choose one of: %(known)s"),
    "not_words": mark("a text is expected, not %(value)s"),
    "not_a_number": mark("«%(value)s» is not a number; enter one"),
    "not_a_count": mark("%(value)s is not a number of defects; enter a whole number from 0 to %(most)d"),
    "out_of_range": mark("%(value)s is outside %(least)s to %(most)s; enter a number within"),
    "not_a_value": mark("%(value)s is not one of the possible values: %(known)s"),
    "no_evidence": mark("evidence is missing: %(kind)s, at least %(least)d, there are %(have)d; add it"),
    "unknown_criterion": mark("there is no such criterion in this edition; remove the answer"),
}

REASONS: Mapping[str, str] = {
    "met": mark("met in full"),
    "option": mark("answered «%(option)s»"),
    "defects": mark("%(defects)d defects, %(per)s points each"),
    "band": mark("%(ref)s is %(value)s, which is %(op)s %(bound)s: share %(share)s"),
    "other_band": mark("%(ref)s is %(value)s, below all bands with a bound: share %(share)s"),
    "no_band": mark("%(ref)s is %(value)s and reaches no band"),
    "linear": mark("%(ref)s is %(value)s: share %(share)s on the line"),
    "range": mark("%(value)s points of %(least)s to %(most)s"),
    "text": mark("a remark, not scored"),
    "cascade": mark("nothing, because of %(by)s"),
    "not_applicable": mark("does not apply at this outlet"),
    "na_left_out": mark("not applicable, left out: %(why)s"),
    "na_full": mark("not applicable, counted in full: %(why)s"),
    "na_zero": mark("not applicable, counted as nothing: %(why)s"),
}


def say_problem(problem: Problem, file: str = "") -> str:
    """«file, line 12, M1.1.01.points: what is wrong; what to do»."""
    place = [file] if file else []
    place.append(_("line %(line)d") % {"line": problem.line})
    if problem.path:
        place.append(problem.path)
    return f"{', '.join(place)}: {_(PROBLEMS[problem.code]) % problem.params}"


def say_refusal(refused: NotAStandard, file: str = "") -> list[str]:
    """A message for each problem of a text that was refused, in the order of its lines."""
    return [say_problem(problem, file) for problem in refused.problems]


def say_lack(lack: Lack) -> str:
    """«M1.1.01: what is wrong; what to do»."""
    return f"{lack.criterion}: {_(LACKS[lack.code]) % lack.params}"


def say_reason(line: Line) -> str:
    """Why a criterion earned what it earned."""
    return _(REASONS[line.reason]) % line.params
