"""What good service is: versioned standards, checklists filled from them, and the targets they set.

A standard is text (`kezun.standard/1`) that is drafted, approved by a second person, published and then
frozen under its hash. A sheet is a standard filled at a unit; submitted, it becomes facts.
Owns the words: standard, edition, criterion, checklist, sheet, overlay, veto, cascade.
"""
