"""A monthly report in words: sentences from its figures by fixed rules, in the language of whoever reads it.

Nothing is said to have risen or fallen that chance explains; what has no figures is said to have none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kezun.cases import catalogs, wording
from kezun.cases.monthly import TABLES, Report
from kezun.cases.rules.monthly import Change, Line, Part
from kezun.org.models import BusinessLine
from kezun.ui.figures import figure

MOST_NAMED = 3
NOTABLE = 3  # a reason grew worth a sentence from so many more complaints on


def name_of(axis: str, code: str) -> str:
    """A code in the page's language; words for none."""
    table = catalogs.tables().get(TABLES[axis])
    if not code:
        return _("not coded")
    return table.codes[code].title if table and code in table.codes else code


def month_name(report: Report) -> str:
    """The month as people write it."""
    return report.month.first.strftime("%Y-%m")


def unit_name(report: Report) -> str:
    """The unit in the page's language."""
    unit = report.month.unit
    return unit.name_en if unit.name_en and (get_language() or "").startswith("en") else unit.name


def title(report: Report) -> str:
    """What stands above the report: also to which lines it is limited."""
    told = {"month": month_name(report), "unit": unit_name(report), "lines": lines_named(report.lines)}
    if report.lines is not None:
        return _("Complaints of %(month)s: %(unit)s (only %(lines)s)") % told
    return _("Complaints of %(month)s: %(unit)s") % told


def lines_named(lines: Sequence[BusinessLine] | None) -> str:
    """Some lines by name; a dash where there is none."""
    return wording.several(line.title for line in lines or ()) or "—"


def limited(lines: Sequence[BusinessLine] | None) -> str:
    """That figures are those of some lines alone; "" where they are of all."""
    if lines is None:
        return ""
    text = _("Counted are complaints of these lines and those below them: %(lines)s; and those of no line.")
    return text % {"lines": lines_named(lines)}


def paragraphs(report: Report) -> list[str]:
    """The report in sentences, a paragraph each: how many, why, how they went, what to look at."""
    if not report.rows:
        return [wording.sentences(_none(report))]
    parts = (list(part(report)) for part in (_many, _why, _went, _look))
    return [wording.sentences(found) for found in parts if found]


def _none(report: Report) -> Iterator[str]:
    yield _("No complaints were received in %(month)s.") % {"month": month_name(report)}
    if report.before:
        yield _("The month before there were %(n)d.") % {"n": len(report.before)}


def _many(report: Report) -> Iterator[str]:
    made = report.figures
    yield _("In %(month)s %(n)d complaints were received.") % {"month": month_name(report), "n": made.total}
    yield _against(report.against_before, _("the month before"))
    if report.year_ago:
        yield _against(report.against_year_ago, _("the same month a year ago"))
    if made.grave:
        yield _("%(n)d of them are grave.") % {"n": made.grave}
    if report.units and report.units[0][1] < made.total:
        unit, count, _part = report.units[0]
        yield _("Most were about %(unit)s (%(n)d).") % {"unit": unit.title, "n": count}


def _against(change: Change, when: str) -> str:
    told = {
        "more": _("That is more than %(when)s (%(before)d), and chance does not explain it."),
        "fewer": _("That is fewer than %(when)s (%(before)d), and chance does not explain it."),
        "chance": _("Against %(when)s (%(before)d) the difference is within chance."),
    }[change.told]
    return told % {"when": when, "before": change.before}


def _why(report: Report) -> Iterator[str]:
    coded = [line for line in report.reasons if line.code]
    if not coded:
        return
    named = wording.several(_counted("reason", line) for line in coded[:MOST_NAMED])
    yield _("Most frequent reasons: %(reasons)s.") % {"reasons": named}
    grown = [line for line in coded if line.count - line.before >= NOTABLE]
    if grown:
        most = max(grown, key=lambda line: line.count - line.before)
        told = {
            "reason": name_of("reason", most.code),
            "more": most.count - most.before,
            "before": most.before,
        }
        yield _("«%(reason)s» grew most: %(more)d more than the month before (%(before)d).") % told
    business = [line for line in report.axes["business"] if line.code and line.count]
    if business:
        yield _("The business most often concerned: %(business)s.") % {
            "business": _counted("business", business[0])
        }


def _counted(axis: str, line: Line) -> str:
    told = {"name": name_of(axis, line.code), "n": line.count, "share": share(line.share)}
    return _("%(name)s (%(n)d, %(share)s)") % told


def share(value: float | None) -> str:
    """A share within a sentence: «20.0 %», in Chinese without the space."""
    return figure(value, "%").replace(" %", "%") if wording.in_chinese() else figure(value, "%")


def _went(report: Report) -> Iterator[str]:
    made = report.figures
    yield _("By now %(closed)d are closed and %(open)d open.") % {"closed": made.closed, "open": made.open}
    if made.answer.n:
        yield _("Answered in time: %(share)s.") % {"share": of(made.answer)}
    if made.contact.n:
        yield _("Contacted in time: %(share)s.") % {"share": of(made.contact)}
    if made.close_median is not None:
        yield _(
            "Half of those closed took no longer than %(median)s, nine of ten no longer than %(p90)s."
        ) % {
            "median": figure(made.close_median, "s"),
            "p90": figure(made.close_p90, "s"),
        }
    if made.content.n:
        yield _("Of the customers who said how it was handled, %(share)s were content.") % {
            "share": of(made.content)
        }


def _look(report: Report) -> Iterator[str]:
    made = report.figures
    if made.late:
        yield _("%(n)d missed a deadline.") % {"n": made.late}
    if made.ping_pong.k:
        yield _("%(n)d were sent back twice or more between units.") % {"n": made.ping_pong.k}
    if made.reopened.k:
        yield _("%(n)d were opened again after the close.") % {"n": made.reopened.k}
    if made.repeat.k:
        yield _("%(n)d came from customers who had complained shortly before.") % {"n": made.repeat.k}
    if made.extended.k:
        yield _("%(n)d were given more time.") % {"n": made.extended.k}


def of(part: Part) -> str:
    """A share with what it is of: «95.0 % (19 of 20)»."""
    return _("%(share)s (%(k)d of %(n)d)") % {"share": share(part.share), "k": part.k, "n": part.n}
