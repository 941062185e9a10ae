"""Small marks of cases that stand many times on a page: made in Python, since a template for each costs."""

from __future__ import annotations

import datetime as dt

from django import template
from django.template.defaultfilters import linebreaksbr
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kezun.cases import clockwords, showing, wording
from kezun.cases.drawing import Bar
from kezun.cases.models import Case, Clock, Petition
from kezun.cases.rows import Row
from kezun.cases.rules.clocks import Policy
from kezun.cases.timeline import Entry

register = template.Library()
PING_PONG = 2
GOOD, BAD = ("closed", "checked", "verified", "answered"), ("rejected", "withdrawn")


@register.filter
def budget(rule: Policy) -> str:
    """How long a deadline is, in words: «1 workday»."""
    return wording.amount(rule.budget, rule.basis.value)


@register.simple_tag
def time_bar(used: float | None, tone: str, text: str) -> SafeString:
    """The time gone to the last moment to act, with what is left in words; only words without a deadline."""
    if used is None:
        return format_html('<span class="k-muted c-left">{}</span>', text)
    width = f"{min(used, 1) * 100:.1f}"
    return format_html(
        '<svg class="c-bar c-{}" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="c-bar-all" width="100" height="6"></rect>'
        '<rect class="c-bar-used" width="{}" height="6"></rect></svg><span class="c-left c-{}">{}</span>',
        tone,
        width,
        tone,
        text,
    )


@register.filter
def severity_tag(severity: int) -> SafeString:
    """The severity as a tag; 1 is the gravest."""
    css = {1: "k-tag-bad", 2: "k-tag-warn"}.get(severity, "")
    return format_html('<span class="k-tag {}" title="{}">{}</span>', css, _("Severity"), severity)


@register.filter
def state_tag(state: str) -> SafeString:
    """The state of a case as a tag."""
    css = "k-tag-good" if state in GOOD else "k-tag-bad" if state in BAD else ""
    return format_html('<span class="k-tag {}">{}</span>', css, Case.State(state).label)


@register.filter
def more_of(petition: Petition) -> str:
    """What a request asks for: by how much more, with the unit («+10 workdays»), which grade, or of whom."""
    if petition.type == Petition.Type.GRADE:
        return _grades(petition.data)
    if petition.type == Petition.Type.ACCOUNT:
        told = (showing.staff(petition.data.get("person", "")), petition.data.get("measure", ""))
        return " · ".join(filter(None, told))
    return f"+{clockwords.amount_of(petition.policy, petition.units)}" if petition.units else ""


def _grades(told: dict[str, int]) -> str:
    """From which severity to which, and which one the kind's table gives."""
    if told.get("severity") == told.get("before"):
        return ""  # only how it is classified changes, which is told beside it
    if told.get("table"):
        return _("%(before)d → %(severity)d (by the table: %(table)d)") % told
    return f"{told.get('before', '')} → {told.get('severity', '')}"


@register.filter
def amount_in(n: float, basis: str) -> str:
    """A number with what it counts: «15 natural days»."""
    return wording.amount(n, basis)


@register.filter
def to_do(verb: str) -> str:
    """A verb as a button says it."""
    return wording.button(verb)


@register.simple_tag
def case_row(row: Row, may_take: bool = False, group: str = "") -> SafeString:
    """A case as a line of a table: what it is, with whom it lies, how it stands, how much time is left."""
    marks = SafeString("".join(_marks(row)))
    take, state = SafeString(""), state_tag(row.state)
    if may_take:
        button = _take_button(row) if group == "take" or row.state == Case.State.ASSIGNED else SafeString("")
        take = format_html("<td>{}</td>", button)
    return format_html(
        '<tr data-row class="c-row-{}"><th scope="row"><a href="{}" data-open>{}</a>'
        '<small class="k-muted d-block">{}<span class="c-narrow"> · {} · {} {}</span> {}</small></th>'
        '<td class="c-wide">{}</td><td class="c-wide">{}</td>'
        '<td class="c-wide">{}<small class="k-muted d-block">{}</small></td>'
        '<td class="c-wide">{}</td><td class="c-time">{}</td>{}</tr>',
        *(row.tone, row.href, row.title, row.no, row.kind, row.unit, state, marks, row.kind, row.unit),
        *(row.lies_with, row.handler, state),
        time_bar(row.used, row.tone, row.left),
        take,
    )


def _take_button(row: Row) -> SafeString:
    return format_html(
        '<button class="btn btn-sm" form="take" formaction="{}take/" data-take>{}'
        '<span class="k-sr"> {}</span></button>',
        row.href,
        wording.button("take"),
        row.no,
    )


def _marks(row: Row) -> list[SafeString]:
    """What stands out: severity, the third time, sent to and fro, escalated, a provisional deadline."""
    found = [severity_tag(row.severity)] if row.severity <= 2 else []
    if row.repeat:
        found.append(_tag("k-tag-bad", _("time %(n)d") % {"n": row.repeat + 1}, _("It happened before")))
    if row.returns >= PING_PONG:
        said = ngettext("sent back once", "sent back %(n)s times", row.returns) % {"n": row.returns}
        found.append(_sign(f"⇄ {row.returns}", said))
    if row.level:
        said = ngettext("escalated once", "escalated %(n)d times", row.level) % {"n": row.level}
        found.append(_sign(f"↑ {row.level}", said))
    if row.provisional:
        found.append(_tag("", _("provisional"), _("The calendar of that year is not official yet")))
    return found


def _tag(css: str, text: str, title: str) -> SafeString:
    return format_html(' <span class="k-tag {}" title="{}">{}</span>', css, title, text)


def _sign(text: str, said: str) -> SafeString:
    """A tag whose text is a sign: it says in words what it means, to those who hear the page too."""
    return format_html(
        ' <span class="k-tag k-tag-warn" role="img" title="{0}" aria-label="{0}">{1}</span>', said, text
    )


@register.filter
def verdict_words(verdict: str) -> str:
    """The verdict on a remedy in words."""
    return wording.choice_name("verdict", verdict)


@register.simple_tag
def step_link(case: Case, verb: str, first: bool = False) -> SafeString:
    """A step that is open now: its form in the drawer, or as a page where nothing runs scripts."""
    return format_html(
        '<a class="btn{0}" href="{1}" hx-get="{1}" hx-target="#drawer-body">{2}</a>',
        " btn-primary" if first else "",
        reverse("cases.step", args=[case.no, verb]),
        wording.button(verb),
    )


@register.simple_tag
def clock_bar(case: Case, bar: Bar) -> SafeString:
    """A deadline as a bar: what has gone, the steps of the ladder, the last moment to act, the end."""
    clock = bar.clock
    ticks = format_html_join(
        "",
        '<line class="c-tick" x1="{0}" x2="{0}" y1="0" y2="10"></line>',
        ((f"{x:.1f}",) for x in bar.ticks),
    )
    marks = SafeString("")
    if clock.provisional:
        marks += _tag("k-tag-warn", _("provisional"), _("The calendar of that year is not official yet"))
    if clock.state == clock.State.PAUSED:
        marks += _tag("", _("paused"), "")
    if clock.extended:
        marks += _tag("", _("extended by %(n)s") % {"n": clockwords.amount(clock, clock.extended)}, "")
    if bar.law and not bar.verified:
        marks += _tag("", _("figures not verified"), bar.law)
    return format_html(
        '<div class="c-clock c-{}"><div class="c-clock-head"><b>{}</b>{}'
        '<span class="c-left c-{}">{}</span></div>'
        '<svg class="c-track" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="c-bar-all" width="100" height="10"></rect>'
        '<rect class="c-bar-used" width="{}" height="10"></rect>{}'
        '<line class="c-act" x1="{}" x2="{}" y1="0" y2="10"></line></svg>'
        '<div class="c-clock-foot"><span>{}</span><span>{}</span><span>{}</span>{}</div></div>',
        *(bar.tone, bar.name, marks, bar.tone, bar.text, bar.used, ticks, bar.act, bar.act),
        _("from %(at)s") % {"at": _at(clock.start_at)},
        _("act by %(at)s") % {"at": _at(clock.act_by_at)},
        _("due %(at)s") % {"at": _at(clock.due_at)},
        _why(case, clock),
    )


def _why(case: Case, clock: Clock) -> SafeString:
    url = reverse("cases.why", args=[case.no, clock.pk])
    return format_html('<a class="k-noprint" href="{}">{}</a>', url, _("Why this date"))


def _at(moment: dt.datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"


@register.simple_tag
def history_entry(entry: Entry) -> SafeString:
    """One event of the history: who, what, from what to what, in which words."""
    behalf = _("for %(who)s") % {"who": entry.behalf} if entry.behalf else ""
    changes = format_html_join(
        "",
        "<li><span>{}</span> {}<b>{}</b></li>",
        (
            (c.name, format_html("<del>{}</del> → ", c.old) if c.old else "", c.new or "—")
            for c in entry.changes
        ),
    )
    said = format_html_join("", "<p><span>{}</span> {}</p>", ((n, linebreaksbr(t)) for n, t in entry.said))
    return format_html(
        '<li value="{}" id="e{}"><div class="c-when"><time datetime="{}">{}</time></div>'
        '<div class="c-what"><p class="m-0"><b>{}</b> {} {}</p>{}{}</div></li>',
        *(entry.seq, entry.seq, entry.at.isoformat(), _at(entry.at), entry.who, entry.done),
        format_html('<small class="k-muted">{}</small>', behalf) if behalf else "",
        format_html('<ul class="c-changes">{}</ul>', changes) if changes else "",
        format_html('<div class="c-said">{}</div>', said) if said else "",
    )
