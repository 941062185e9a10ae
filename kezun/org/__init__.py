"""Who belongs where and may do what: units, business lines, posts, people, roles, scope, sign-in.

Scope is subtree × business line × role. Reorganisations keep history: a unit's place in the tree has a
valid-from and valid-to day. Owns the words: unit, business line, post, person, assignment, deputy, role,
scope, leading group, roster.
"""
