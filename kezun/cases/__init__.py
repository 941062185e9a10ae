"""Cases (事项): whatever falls short gets an owner, a deadline, a second person who verifies, and a check.

One engine; complaints, corrections, requests, suggestions, praise, visits and improvement projects are kinds
of it, declared as data. A case is the projection of its events, which nobody can change. Owns the words
case, kind, flow, step, clock, ladder, petition, party, effect check.
"""
