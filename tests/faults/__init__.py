"""Whole crawls under injected faults, each beside its twin without LeakWatch.

``python -m tests.faults`` runs them all. The way of a row::

    rows --keeper--> two processes (crawl) --> Left --promises--> what broke

A promise: the crawl ends as its twin does, nothing of LeakWatch stays behind, and it
is never called healthy where nobody could watch it.
"""
