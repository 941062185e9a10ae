"""A standard as a PDF: the same words as the handbook, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext as _

from kezun.standards import rules, wording
from kezun.standards.models import Standard
from kezun.standards.rules.form import Criterion, Module
from kezun.ui.pdf import Document


def printed(edition: Standard, made: rules.Standard) -> bytes:
    """The whole edition: its head, then module by module every criterion with what is needed to judge it."""
    title = wording.named(made)
    document = Document(title, foot=f"{title} · {edition.version} · {edition.sha256[:16]}")
    until = str(edition.until_date or _("no end"))
    document.facts(
        [
            (_("Version"), edition.version),
            (_("State"), edition.get_state_display()),
            (_("In force"), f"{edition.from_date} – {until}"),
            (_("Points"), wording.figure(made.scale.total)),
            (_("Document number"), edition.doc_no or "—"),
            (_("Hash (SHA-256)"), edition.sha256),
        ]
    )
    about = (wording.english() and made.about_en) or made.about
    if about:
        document.paragraph(about)
    for module in (*made.modules, *made.beside):
        _module(document, module)
    return document.content()


def _module(document: Document, module: Module) -> None:
    document.heading(_titled(module.id, wording.named(module), wording.figure(module.points)))
    heads = (_("No."), _("Criterion"), _("Points"), _("How it is judged"))
    for item in module.items:
        document.heading(_titled(item.id, wording.named(item), wording.figure(item.points)), 2)
        rows = [(c.id, _asked(c), wording.figure(c.points), "\n".join(judging(c))) for c in item.criteria]
        document.table(heads, rows, widths=(1.5, 5, 0.9, 4.6), right=(2,))


def _titled(id: str, title: str, points: str) -> str:
    return _("%(id)s %(title)s (%(points)s points)") % {"id": id, "title": title, "points": points}


def _asked(criterion: Criterion) -> str:
    guide = wording.guided(criterion)
    return f"{wording.said(criterion)}\n{guide}" if guide else wording.said(criterion)


def judging(criterion: Criterion) -> list[str]:
    """What stands beside a criterion: options with points, methods, evidence, consequences, days."""
    lines = []
    if told := wording.judged(criterion):
        lines.append(told)
    if steps := wording.steps(criterion):
        lines.append("; ".join(f"{step.name} {step.points}" for step in steps))
    if criterion.na:
        lines.append(_("«Not applicable» is allowed, with a reason."))
    if criterion.checker.methods:
        lines.append(_("By: %(methods)s") % {"methods": wording.joined(criterion.checker.methods)})
    if needed := wording.evidence(criterion):
        lines.append(_("Evidence: %(what)s") % {"what": "; ".join(needed)})
    if to := wording.applies(criterion):
        lines.append(_("Applies %(to)s") % {"to": to})
    lines += wording.consequences(criterion)
    if criterion.severity:
        severity = _("Severity: %(word)s") % {"word": wording.term(criterion.severity)}
        days = criterion.rectify.due_days if criterion.rectify else 0
        lines.append(severity + (_(", to correct within %(n)d days") % {"n": days} if days else ""))
    return lines
