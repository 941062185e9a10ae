"""Where people look: home, unit, person and indicator pages, the explain drawer, saved views.

Reads answers only, never raw records. Owns the words: dashboard, tile, explanation, saved view.
"""
