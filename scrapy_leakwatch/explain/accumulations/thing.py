"""Many things of one kind, for which the same helps wherever they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.explain import things
from scrapy_leakwatch.explain.accumulations import container
from scrapy_leakwatch.explain.accumulations.kind import AccumulationKind
from scrapy_leakwatch.explain.bills.steps import is_crowd
from scrapy_leakwatch.explain.containers import contents
from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.bills.paths import Place
    from scrapy_leakwatch.records import Origin


def _remedy(place: Place) -> str:
    """Return what helps in the first container on the way that has such things."""
    for number, node in enumerate(place.way):
        if is_crowd(place.way[: number + 1]) and anatomy.size(node) > 1:
            is_last = node is place.holder
            where = place.path if is_last else place.path.partition("[*]")[0]
            entries = contents.pick(node)
            found = things.remedy(entries, where, contents.form_of(node))
            if found:
                return found
    return ""


def _fix(place: Place, owner: str, origin: Origin) -> str:
    if origin != "project":
        return container.KIND.fix(place, owner, origin)
    return _remedy(place)


KIND = AccumulationKind(lambda place: bool(_remedy(place)), _fix)
