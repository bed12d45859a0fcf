"""Real crawls of a local site with a known truth, and the score of LeakWatch.

``python -m tests.zoo`` runs them all. The way of a row::

    rows --keeper--> a process of its own (crawl) --> recording --score--> Result
         --report--> the console, docs/zoo.rst
"""
