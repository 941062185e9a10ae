"""What the text of a scheme may refer to: indicators, standards, kinds of events, units, posts, editions."""

from __future__ import annotations

from kezun.assessment.merits import merit_kinds
from kezun.assessment.models import Scheme
from kezun.assessment.rules.fitting import nature
from kezun.assessment.rules.form import Scheme as Form
from kezun.assessment.rules.reading import Known, NotAScheme, read
from kezun.facts.around import counts_events
from kezun.facts.indicators import catalogue
from kezun.org.models import Post, Unit
from kezun.standards.models import Standard


def known(*, editions: bool = True, but: int = 0) -> Known:
    """All that there is now. editions: also published editions of schemes, without the one numbered `but`."""
    definitions = catalogue().definitions
    return Known(
        indicators=frozenset(definitions),
        standards=frozenset(Standard.objects.published().values_list("urn", flat=True)),
        events=frozenset(merit_kinds()),
        unit_kinds=frozenset(Unit.Kind.values),
        posts=frozenset(Post.objects.values_list("code", flat=True)) or None,
        schemes=_editions(but) if editions else (),
        natures={id: nature(d.kind, d.scale, counted=counts_events(d)) for id, d in definitions.items()},
    )


def _editions(but: int) -> tuple[Form, ...]:
    found = []
    for text in Scheme.objects.published().exclude(pk=but).values_list("text", flat=True):
        try:
            found.append(read(text))
        except NotAScheme:  # published under older rules of writing: it keeps its days, but blocks nobody
            continue
    return tuple(found)


def read_known(text: str, beside: Known | None = None) -> Form:
    """The scheme of a text, checked against all there is; NotAScheme says everything that is wrong."""
    return read(text, beside or known())
