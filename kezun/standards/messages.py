"""Words for the codes of the rules: each problem says what is wrong and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from openpyxl.utils import get_column_letter

from kezun.standards.rules.nodes import NotTaken, Problem
from kezun.standards.rules.scoring import Lack, Line
from kezun.standards.rules.tables import Remark
from kezun.standards.wording import KINDS, in_unit, indicator_name, indicator_unit, sign

FORM = {
    "not_yaml": gettext_noop("this is not YAML (%(why)s); check indentation, colons and quotes here"),
    "too_deep": gettext_noop("this is nested too deeply; a standard is modules, items, criteria"),
    "empty_file": gettext_noop("the file is empty; begin with «schema: kezun.standard/1»"),
    "alias": gettext_noop("anchors and aliases (& and *) are not taken; write the part out"),
    "too_large": gettext_noop("more than %(most)d values; split the standard"),
    "key_twice": gettext_noop("the key «%(key)s» stands here twice; keep one"),
    "not_mapping": gettext_noop("keys with values are expected here, for instance «id: M1»"),
    "unknown_key": gettext_noop("there is no key «%(name)s» here; known are: %(known)s"),
    "missing_key": gettext_noop("«%(name)s» is missing; add it"),
    "not_text": gettext_noop("a text is expected here; write it in one line or in quotes"),
    "unknown_value": gettext_noop("«%(value)s» is not known here; choose one of: %(known)s"),
    "not_number": gettext_noop("«%(value)s» is not a number; write digits, for instance 2.5"),
    "number_outside": gettext_noop(
        "%(value)s is too large or too fine; at most %(most)s and %(places)d places are kept"
    ),
    "not_whole": gettext_noop("«%(value)s» is not a whole number from %(least)d on; correct it"),
    "whole_outside": gettext_noop("«%(value)s» is not a whole number from %(least)d to %(most)d; correct it"),
    "not_flag": gettext_noop("«%(value)s» is neither true nor false; write one of them"),
    "not_day": gettext_noop("«%(value)s» is not a day; write it like 2026-01-31"),
    "twice": gettext_noop("«%(value)s» stands in the list twice; remove one"),
    "not_list": gettext_noop("a list is expected here: [a, b], or lines that begin with «- »"),
    "empty_list": gettext_noop("the list is empty; add at least one entry"),
    "not_pair": gettext_noop("a pair is expected here: [value, share]"),
    "not_a_name": gettext_noop("«%(value)s» is too long or has spaces, # or @ in it; shorten or rename it"),
}
ANSWERS = {
    "text_has_points": gettext_noop("a text is not scored but has %(points)s points; set them to 0"),
    "share_outside": gettext_noop("the share %(value)s is not between 0 and 1; correct it"),
    "unknown_option": gettext_noop("«%(option)s» is not an option of this answer; known are: %(known)s"),
    "no_full_option": gettext_noop("no option earns all points; give one the share 1"),
    "not_positive": gettext_noop("%(value)s is not more than 0; correct it"),
    "floor_outside": gettext_noop(
        "the floor %(floor)s is not between 0 and the %(points)s points; correct it"
    ),
    "bands_or_linear": gettext_noop("an indicator is judged by «bands» or by «linear»; state exactly one"),
    "band_after_all": gettext_noop("a band without a bound takes everything; put it last"),
    "band_order": gettext_noop(
        "the bounds are not in order for «%(op)s»; put the strictest first, each bound once"
    ),
    "band_shares": gettext_noop(
        "a looser band earns more than a stricter one; put the shares in falling order"
    ),
    "line_order": gettext_noop("a line needs two points or more with rising values; put them in order"),
    "range_empty": gettext_noop("from %(least)s to %(most)s is no range; max must be more than min"),
    "range_points": gettext_noop(
        "the range ends at %(most)s, the criterion has %(points)s points; make them equal"
    ),
    "value_outside": gettext_noop("%(value)s is outside %(least)s to %(most)s; remove it or widen the range"),
}
CRITERIA = {
    "negative_points": gettext_noop("points are never negative (%(value)s); a range may go below 0 instead"),
    "blind_without_method": gettext_noop(
        "a blind criterion must name the methods that may ask it; add «methods»"
    ),
    "blind_announced": gettext_noop(
        "%(method)s is not among the covert methods; remove it here, or list it under «covert»"
    ),
    "own_and_covert": gettext_noop(
        "%(method)s cannot be covert and done by the unit itself; remove it from «own» or from «covert»"
    ),
    "tag_both_ways": gettext_noop("the tag «%(tag)s» is both asked for and excluded; remove one"),
    "veto_without_effect": gettext_noop(
        "this veto has no effect; give it a grade_cap or exclude_from_awards: true"
    ),
    "lineage_how": gettext_noop(
        "it is not clear where this criterion comes from; state exactly one of: %(known)s"
    ),
    "one_reference": gettext_noop("same_as names one criterion; use merged_from for several"),
    "not_reference": gettext_noop("«%(value)s» is not edition#criterion, for instance «2025.1#M1.1.01»"),
    "unknown_target": gettext_noop(
        "the cascade names «%(target)s», which is not in this standard; correct or remove it"
    ),
    "cascade_circle": gettext_noop("cascades run in a circle: %(ring)s; remove one of them"),
    "cascade_of_demerits": gettext_noop(
        "on a scale of demerits a cascade would reward; remove it or use a points scale"
    ),
    "unknown_grade": gettext_noop(
        "the grade «%(grade)s» is not in scale.grades (%(known)s); use one of them"
    ),
}
WHOLE = {
    "sum_differs": gettext_noop(
        "%(stated)s points are stated, but the %(below)s add up to %(found)s; correct one"
    ),
    "id_twice": gettext_noop("the id «%(id)s» is used already in line %(first)d; give this one its own"),
    "id_retired": gettext_noop("the id «%(id)s» is in the list of the retired; give this one a new id"),
    "over_and_overlay": gettext_noop(
        "an overlay (kind: overlay) says under «over» what it lies over; state both or neither"
    ),
    "validity_empty": gettext_noop(
        "the validity ends on %(end)s, not after %(start)s; correct one of the days"
    ),
    "rating_order": gettext_noop(
        "the ratings are not in order; begin with the best, each with its own bound"
    ),
    "rating_last": gettext_noop("the last rating («%(rating)s») must take everything; remove its bounds"),
    "rating_twice": gettext_noop("two ratings have the same name; rename one"),
    "caps_without_order": gettext_noop(
        "several grade caps (%(caps)s), but no order; list scale.grades, the best first"
    ),
    "overlay_without_end": gettext_noop("an overlay holds for a time; state valid.to"),
    "supersedes_itself": gettext_noop("edition %(version)s supersedes itself; name the one before"),
}
EDITIONS = {
    "validity_overlaps": gettext_noop(
        "overlaps edition %(version)s (from %(start)s); end that one first, or supersede it from a later day"
    ),
    "unknown_edition": gettext_noop("there is no edition %(version)s; known are: %(known)s"),
    "id_retired_before": gettext_noop(
        "the id «%(id)s» was last used in edition %(version)s and is retired; give this one a new id"
    ),
    "id_reused": gettext_noop(
        "the id «%(id)s» means something else in edition %(version)s; give this one a new id, "
        "or say that it is the same (same_as)"
    ),
    "unknown_origin": gettext_noop("%(reference)s does not exist; correct the lineage"),
    "change_unknown": gettext_noop(
        "«%(id)s» is not a criterion of edition %(version)s; correct or remove the change"
    ),
    "change_of_range": gettext_noop(
        "the points of «%(id)s» cannot be changed so; an overlay changes points to more than 0, "
        "never those of a range or a text"
    ),
    "id_of_base": gettext_noop(
        "the id «%(id)s» belongs to the standard below (%(version)s); give this one its own"
    ),
}
PROBLEMS: Mapping[str, str] = FORM | ANSWERS | CRITERIA | WHOLE | EDITIONS

SHEETS: Mapping[str, str] = {
    "no_header": gettext_noop(
        "no row has titles for content and points; name the columns, or give them titles"
    ),
    "no_column": gettext_noop("there is no column for «%(name)s»; name its title or its letter"),
    "no_rows": gettext_noop("no criterion stands below the titles; add rows, or choose another sheet"),
    "no_sheet": gettext_noop("there is no sheet «%(name)s»; there are: %(known)s"),
    "no_content": gettext_noop("this row has points but no content; write what is looked at"),
    "no_points": gettext_noop("this row has no points; add them, or merge the row if it is a heading"),
    "bad_points": gettext_noop("«%(value)s» is no number of points; write digits only"),
    "points_merged": gettext_noop("the points are merged over several rows; give each row its own"),
    "too_many_levels": gettext_noop(
        "«%(title)s» is a third level of headings; a standard has modules and items"
    ),
    "too_large_file": gettext_noop(
        "the workbook is larger than %(most)d MB; remove pictures and other sheets"
    ),
    "too_many_rows": gettext_noop(
        "more than %(rows)d rows or %(columns)d columns; delete what is empty, or split it"
    ),
    "not_a_workbook": gettext_noop("this is not a workbook that can be read (%(why)s); save it as .xlsx"),
    "heading_differs": gettext_noop(
        "«%(title)s» states %(stated)s points, the rows below add up to %(found)s"
    ),
    "defects_proposed": gettext_noop("so much a defect was understood from: %(guide)s"),
    "options_proposed": gettext_noop("options were understood from: %(guide)s"),
    "several_deductions": gettext_noop(
        "several deductions stand here; met or not met was proposed for: %(guide)s"
    ),
    "no_points_text": gettext_noop("a row worth nothing was taken as a remark"),
}

LACKS: Mapping[str, str] = {
    "unanswered": gettext_noop("not answered yet; choose an answer"),
    "no_value": gettext_noop("there is no value of %(ref)s yet; wait for it or enter it"),
    "na_not_allowed": gettext_noop("«not applicable» is not allowed here; choose an answer"),
    "na_without_reason": gettext_noop("«not applicable» needs a reason; write one"),
    "unknown_option": gettext_noop("«%(option)s» is not an answer here; choose one of: %(known)s"),
    "not_words": gettext_noop("a text is expected, not %(value)s"),
    "not_a_number": gettext_noop("«%(value)s» is not a number; enter one"),
    "not_a_count": gettext_noop(
        "%(value)s is not a number of defects; enter a whole number from 0 to %(most)d"
    ),
    "out_of_range": gettext_noop("%(value)s is outside %(least)s to %(most)s; enter a number within"),
    "not_a_value": gettext_noop("%(value)s is not one of the possible values: %(known)s"),
    "no_evidence": gettext_noop(
        "evidence is missing: %(kind)s, at least %(least)d, there are %(have)d; add it"
    ),
    "unknown_criterion": gettext_noop("there is no such criterion in this edition; remove the answer"),
}

REASONS: Mapping[str, str] = {
    "met": gettext_noop("met in full"),
    "option": gettext_noop("answered «%(option)s»"),
    "defects": gettext_noop("%(defects)d defects, %(per)s points each"),
    "band": gettext_noop("%(ref)s is %(value)s, which is %(op)s %(bound)s: share %(share)s"),
    "other_band": gettext_noop("%(ref)s is %(value)s, below all bands with a bound: share %(share)s"),
    "no_band": gettext_noop("%(ref)s is %(value)s and reaches no band"),
    "linear": gettext_noop("%(ref)s is %(value)s: share %(share)s on the line"),
    "range": gettext_noop("%(value)s points of %(least)s to %(most)s"),
    "text": gettext_noop("a remark, not scored"),
    "cascade": gettext_noop("nothing, because of %(by)s"),
    "not_applicable": gettext_noop("does not apply at this outlet"),
    "na_left_out": gettext_noop("not applicable, left out: %(why)s"),
    "na_full": gettext_noop("not applicable, counted in full: %(why)s"),
    "na_zero": gettext_noop("not applicable, counted as nothing: %(why)s"),
}


def say_problem(problem: Problem, file: str = "", words: Mapping[str, str] = PROBLEMS) -> str:
    """«file, line 12, M1.1.01.points: what is wrong; what to do». words: by code, of the room that asks."""
    place = [file] if file else []
    place.append(_("line %(line)d") % {"line": problem.line})
    if problem.path:
        place.append(problem.path)
    return f"{', '.join(place)}: {_(words[problem.code]) % problem.params}"


def say_refusal(refused: NotTaken, file: str = "", words: Mapping[str, str] = PROBLEMS) -> list[str]:
    """A message for each problem of a text that was refused, in the order of its lines."""
    return [say_problem(problem, file, words) for problem in refused.problems]


def say_remark(remark: Remark, sheet: str = "") -> str:
    """«Sheet1, row 12, column C: what is wrong; what to do»."""
    place = [sheet] if sheet else []
    place.append(_("row %(row)d") % {"row": remark.row})
    if remark.column is not None:
        place.append(_("column %(column)s") % {"column": get_column_letter(remark.column + 1)})
    return f"{', '.join(place)}: {_(SHEETS[remark.code]) % remark.params}"


def say_lack(lack: Lack) -> str:
    """«M1.1.01: what is wrong; what to do»."""
    told = dict(lack.params)
    if lack.code == "no_evidence":
        kind = str(told["kind"])
        told["kind"] = _(KINDS[kind]) if kind in KINDS else kind
    if lack.code == "no_value":
        told["ref"] = indicator_name(str(told["ref"]))
    return f"{lack.criterion}: {_(LACKS[lack.code]) % told}"


def say_reason(line: Line) -> str:
    """Why a criterion earned what it earned; a measured value under its name and in its unit."""
    told = dict(line.params)
    if "ref" in told:
        ref = str(told["ref"])
        unit = indicator_unit(ref)
        told |= {
            n: in_unit(Decimal(str(told[n])), unit) for n in ("value", "bound") if told.get(n) is not None
        }
        told |= {"ref": indicator_name(ref), "op": sign(str(told.get("op", "")))}
    return _(REASONS[line.reason]) % told
