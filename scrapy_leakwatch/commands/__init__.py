"""The command line, ``scrapy leakwatch ...``: one module for each subcommand.

A subcommand has ``HELP``, says in ``add_arguments`` what it takes, and does it in
``run``, which returns the exit code. `leakwatch` binds them to Scrapy.
"""
