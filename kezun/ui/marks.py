"""Small marks that stand many times on a page, made in Python: a template for each would cost too much."""

from __future__ import annotations

from functools import lru_cache

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kezun.ui.figures import Change
from kezun.ui.rules import Bar

NOTHING = SafeString("")
AXIS = SafeString('<line class="k-bar-axis" x1="0" x2="100" y1="6" y2="6"></line>')


@lru_cache(maxsize=512)
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite; decorative without a label, else read out as the label."""
    href = f"{static('vendor/icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}"></use></svg>', label, href
        )
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', href)


def explain(url: str, name: str) -> SafeString:
    """The way to the explanation of a number, opened in the drawer; nothing without an address."""
    if not url:
        return NOTHING
    label = _("How «%(name)s» comes about") % {"name": name}
    return format_html(
        '<a class="k-explain k-noprint" href="{0}" hx-get="{0}" hx-target="#drawer-body" title="{1}" '
        'aria-label="{1}">{2}</a>',
        url,
        label,
        icon("info-circle"),
    )


def change(moved: Change | None) -> SafeString:
    """A change: sign, arrow and colour by what it means, and the meaning as a word for who hears the page."""
    if moved is None:
        return NOTHING
    arrow = NOTHING
    if moved.verdict in ("better", "worse"):
        arrow = format_html('<span aria-hidden="true">{}</span>', "▲" if moved.text[0] == "+" else "▼")
    return format_html(
        '<span class="k-change k-{}" title="{}">{}{}<span class="k-sr"> {}</span></span>',
        moved.verdict,
        _("Too small to tell from chance") if moved.verdict == "chance" else _("Against the period before"),
        arrow,
        moved.text,
        moved.meaning,
    )


def met(is_met: bool | None) -> SafeString:
    """Whether a target is met; nothing where it is not judged."""
    if is_met is None:
        return NOTHING
    if is_met:
        return format_html('<span class="k-met">{}</span>', icon("circle-check", _("Target met")))
    return format_html('<span class="k-unmet">{}</span>', icon("alert-triangle", _("Target not met")))


def bar(shown: Bar, text: str) -> SafeString:
    """A value with its interval and the target on the table's common scale; `text` says the interval."""
    if shown.value is None:
        return NOTHING
    parts = [AXIS]
    if shown.target is not None:
        parts.append(_upright("k-bar-target", shown.target, 0, 12))
    if shown.low is not None:
        parts.append(
            format_html(
                '<rect class="k-bar-interval" x="{}" y="4" width="{}" height="4"></rect>',
                str(shown.low),
                str(shown.width),
            )
        )
    parts.append(_upright("k-bar-value", shown.value, 1, 11))
    return format_html(
        '<svg class="k-bar" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">{}</svg>'
        '<span class="k-sr">{}</span>',
        SafeString("".join(parts)),
        text,
    )


def _upright(css: str, x: float, top: int, bottom: int) -> SafeString:
    return format_html(
        '<line class="{0}" x1="{1}" x2="{1}" y1="{2}" y2="{3}"></line>', css, str(x), top, bottom
    )
