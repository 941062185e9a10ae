"""The floor of an outlet or call centre: tickets taken, called, served or abandoned, and their ratings.

Declares the fact types `ticket` and `rating` and the indicators over them.
Owns the words: ticket, call, missed, abandoned, counter, wait, service time, rating, promise.
"""
