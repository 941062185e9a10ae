"""Template tags of the design system; a builtin library, so templates need not load it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template
from django.template.base import NodeList, Parser, Token
from django.template.context import Context
from django.utils.safestring import SafeString
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from kezun.ui import figures, marks, rules, slots
from kezun.ui.components import RankedRow

register = template.Library()

MENU_GROUPS = {
    **{"handle": _("Handling of cases"), "look": _("Look"), "work": _("Work")},
    **{"manage": _("Manage"), "control": _("Control")},
}


class Keep(template.Node):
    """Renders its content into a variable instead of the page."""

    def __init__(self, name: str, nodelist: NodeList) -> None:
        self.name, self.nodelist = name, nodelist

    def render(self, context: Context) -> SafeString:
        context[self.name] = SafeString(self.nodelist.render(context).strip())
        return SafeString("")


@register.tag
def keep(parser: Parser, token: Token) -> Keep:
    """`{% keep name %}…{% endkeep %}`: what is inside, as a variable (a block that is shown twice)."""
    name = token.split_contents()[1]
    nodelist = parser.parse(("endkeep",))
    parser.delete_first_token()
    return Keep(name, nodelist)


register.simple_tag(marks.icon, name="icon")
register.simple_tag(marks.explain, name="explain")
register.simple_tag(marks.change, name="change")
register.simple_tag(marks.met, name="met")
register.simple_tag(marks.bar, name="bar")


@register.simple_tag(takes_context=True)
def slot(context: Context, name: str, subject: Any) -> SafeString:
    """`{% slot "standards.sheet" sheet %}`: what rooms above have to say of the subject."""
    return SafeString("".join(slots.filled(name, context["request"], subject)))


@register.filter
def menu_group(name: str) -> Any:
    """The heading of a menu group."""
    return MENU_GROUPS.get(name, name)


@register.filter
def own_name(code: str) -> str:
    """A language's name in that language."""
    return str(get_language_info(code)["name_local"])


@register.filter
def grouped(number: int | None) -> str:
    """A whole number with separators between thousands."""
    return "" if number is None else rules.grouped(number)


@register.filter
def unlocalized(value: object) -> str:
    """A value for machines (data attributes): no separators, a dot for decimals."""
    return str(value)


@register.filter
def sentence(text: str) -> str:
    """A refusal's reason where it was written for people; names of permissions and classes are left out."""
    return text if any(c == " " or c > "\u2e80" for c in text) else ""


@register.filter(name="figure")
def figure_in(value: float | None, unit: str) -> str:
    """A value in its unit: `{{ 42|figure:"s" }}`."""
    return figures.figure(value, unit)


@register.inclusion_tag("ui/parts/ranked.html")
def ranked(rows: Sequence[RankedRow], label: str, caption: str) -> dict[str, Any]:
    """The ranked table: rows, the heading of the first column, and what it shows for who cannot see it."""
    return {"rows": rows, "label": label, "caption": caption}
