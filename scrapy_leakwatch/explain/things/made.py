"""What a program has once as a rule, and can also make again and again."""

from __future__ import annotations

from scrapy_leakwatch.explain.containers import contents
from scrapy_leakwatch.explain.things.kind import ThingKind, says

KINDS = (
    ThingKind(
        contents.is_made_class,
        says(
            "make the class once, at the top of its module, and give its instances what"
            " varies: {where} keeps each one that is made, and a class takes some kB"
        ),
    ),
    ThingKind(
        contents.is_made_function,
        says(
            "write the function once, at the top of its module, and give it what varies"
            " as an argument: {where} keeps each one that is made, with all that it"
            " uses"
        ),
    ),
)
