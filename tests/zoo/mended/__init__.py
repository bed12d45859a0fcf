"""The spiders and components of the zoo that leak, with what they are told done.

Each has the name of the one that it mends, and differs in nothing but the fix.
"""
