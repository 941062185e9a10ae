"""The design system: base templates, components, charts, icons and static files.

Knows nothing of banks and has no models. Owns the words: tile, chart, drawer, table, heat map.
"""
