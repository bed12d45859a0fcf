"""Runs one crawl in several processes, one after the other, and loses nothing.

A supervisor (`commands.recycle`) starts a process of its own for each part of the
crawl; what is here works inside of it. Whatever must be the same after a kill is one
transaction of the job's `Store`: the requests that wait, those in progress, how far
the feeds and the duplicate filter were written, and what `start` has given.
"""
