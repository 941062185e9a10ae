"""Packs: a bank as data. `schema` says what may stand in one, `check` finds mistakes with file and line,
`rules` what does not fit together, `staff` invents people, `pack` reads it all, `install` keeps its files.
"""
