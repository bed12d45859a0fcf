"""What a recording tells, for programs: editors, CI jobs, coding assistants.

`answer` is one small document with all that somebody needs to act, `sarif` the form
that code scanners share, `annotations` the lines that put a warning on a pull request.
"""
