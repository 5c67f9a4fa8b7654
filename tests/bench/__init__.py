"""``make bench``: how fast the site is beside what its own database and server can do at the same minute.

Rates drift on a shared machine, so every measure is the median of interleaved rounds, a *reference* (the bare database,
a bare page on the same server) is measured in the same rounds, and CPU per request stands beside every rate.
"""
