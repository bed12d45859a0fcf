"""Asks a forked child, and makes records of its answer."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from scrapy_leakwatch.explain.answers import guppy
from scrapy_leakwatch.explain.answers.hoard import investigate_hoard
from scrapy_leakwatch.explain.answers.queue import investigate_queue
from scrapy_leakwatch.explain.answers.resources import investigate_resources
from scrapy_leakwatch.explain.answers.stalled import Stuck, investigate_stalled
from scrapy_leakwatch.explain.answers.suspects import Evidence, investigate
from scrapy_leakwatch.explain.bills import bill
from scrapy_leakwatch.explain.bills.bill import BillQuestion
from scrapy_leakwatch.explain.border import child, headroom
from scrapy_leakwatch.explain.memory import layers, resident
from scrapy_leakwatch.explain.records import (
    Explanation,
    HeapProfile,
    Layers,
    PathStep,
    Question,
    Share,
    Unexplained,
)
from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap.graph import thread_states
from scrapy_leakwatch.heap.roots import Outside, ThreadState, stack_of
from scrapy_leakwatch.records import (
    Bill,
    BillLayers,
    BillOwner,
    BillPath,
    Counts,
    Effort,
    NoBill,
    Price,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from scrapy_leakwatch.explain.records import (
        BillRequest,
        HoardQuestion,
        ResourceQuestion,
        StallQuestion,
        WaitingQuestion,
    )

Result_co = TypeVar("Result_co", covariant=True)


class Asked(Generic[Result_co]):
    """A question under way.

    `poll` returns ``None`` until the answer is there and never waits.
    """

    def __init__(
        self,
        process: child.Child | child.Failure,
        understand: Callable[[child.Answer | child.Failure], Result_co],
    ) -> None:
        self._process = process
        self._understand = understand

    def poll(self) -> Result_co | None:
        """Return the result if it is there."""
        process = self._process
        found = process.poll() if isinstance(process, child.Child) else process
        return None if found is None else self._understand(found)

    def stop(self) -> Result_co:
        """Give up now, for a crawl that ends: kill the child and reap it."""
        return self._understand(self.end())

    def end(self) -> child.Answer | child.Failure:
        """Kill the child and reap it, whatever becomes of its answer."""
        process = self._process
        return process.stop() if isinstance(process, child.Child) else process


def explain_in_child(
    question: Question,
    classes: tuple[type, ...],
    crawler: Any,
    timeout_s: float,
    chosen: tuple[Any, ...] | None = None,
) -> Asked[Explanation | Unexplained]:
    """Ask who holds the suspects; returns as soon as the child is forked.

    They are all instances of ``classes``, or ``chosen`` ones. The parent keeps none.
    """
    evidence = Evidence(classes, crawler, _outside(sys._getframe(1)), chosen)

    def work() -> dict[str, Any]:
        return asdict(investigate(question, evidence, timeout_s))

    def understand(found: child.Answer | child.Failure) -> Explanation | Unexplained:
        return _understood(question, found)

    return _asked(work, understand, timeout_s, resident.bytes_here())


def explain_queue_in_child(
    question: WaitingQuestion,
    classes: tuple[type, ...],
    crawler: Any,
    timeout_s: float,
) -> Asked[Explanation | Unexplained]:
    """Ask what the requests that wait cost, and what helps; as `explain_in_child`."""
    evidence = Evidence(classes, crawler, _outside(sys._getframe(1)))

    def work() -> dict[str, Any]:
        return asdict(investigate_queue(question, evidence, timeout_s))

    def understand(found: child.Answer | child.Failure) -> Explanation | Unexplained:
        subject = Question("Request", question.class_path, question.spider, 0)
        return _understood(subject, found)

    return _asked(work, understand, timeout_s, resident.bytes_here())


def explain_stall_in_child(
    question: StallQuestion,
    requests: tuple[Any, ...],
    responses: tuple[Any, ...],
    crawler: Any,
    timeout_s: float,
) -> Asked[Explanation | Unexplained]:
    """Ask what the callbacks of some requests wait for; as `explain_in_child`.

    ``responses`` are the tables in which the live ones are listed. Without requests
    it is about those whom the engine waits for. The parent keeps none of them.
    """
    evidence = Evidence((), crawler, _outside(sys._getframe(1)))
    stuck = Stuck(requests, responses)

    def work() -> dict[str, Any]:
        return asdict(investigate_stalled(question, stuck, evidence, timeout_s))

    def understand(found: child.Answer | child.Failure) -> Explanation | Unexplained:
        return _understood(question, found)

    return _asked(work, understand, timeout_s, resident.bytes_here())


def explain_hoard_in_child(
    question: HoardQuestion,
    trail: tuple[Any, ...] | None,
    crawler: Any,
    timeout_s: float,
) -> Asked[Explanation | Unexplained]:
    """Ask what is in a container and which line adds to it; as `explain_in_child`.

    ``trail`` is the container after all that leads to it, its owner first: the
    globals of a module, a class, the spider, or a component. None where it is
    gone by now. The parent keeps none of them.
    """

    evidence = Evidence((), crawler, _outside(sys._getframe(1)))

    def work() -> dict[str, Any]:
        return asdict(investigate_hoard(question, trail, evidence, timeout_s))

    def understand(found: child.Answer | child.Failure) -> Explanation | Unexplained:
        return _understood(question, found)

    return _asked(work, understand, timeout_s, resident.bytes_here())


def explain_resources_in_child(
    question: ResourceQuestion, crawler: Any, timeout_s: float
) -> Asked[Explanation | Unexplained]:
    """Ask who keeps the resources that pile up; as `explain_in_child`."""
    outside = _outside(sys._getframe(1))

    def work() -> dict[str, Any]:
        return asdict(investigate_resources(question, crawler, outside, timeout_s))

    def understand(found: child.Answer | child.Failure) -> Explanation | Unexplained:
        return _understood(question, found)

    return _asked(work, understand, timeout_s, resident.bytes_here())


def profile_in_child(
    timeout_s: float, via: type | None = None
) -> Asked[HeapProfile | str]:
    """Ask for Guppy's profile of the heap; a plain string says why not.

    ``via`` asks how the instances of that class are referred to. Guppy writes
    to every page: the child will need about as much memory as the crawl has.
    """

    def work() -> dict[str, Any]:
        return {"text": guppy.profile(via)}

    missing = guppy.missing()
    process = child.Failure(missing) if missing else child.start(work, timeout_s)
    return Asked(process, _profile)


def layers_in_child(timeout_s: float) -> Asked[Layers]:
    """Ask which layer the memory is in; a failure is a `Layers` with a reason.

    The large objects are added up by a walk over the heap.
    """
    known = resident.known_here()

    walked: list[Any] = []

    def work() -> dict[str, Any]:
        return layers.measure(known["rss"], timeout_s, walked)

    def understand(found: child.Answer | child.Failure) -> Layers:
        if isinstance(found, child.Failure):
            return Layers(**known, reason=found.reason, stall_ms=found.stall_ms)
        return Layers(**known, **found.fields, stall_ms=found.stall_ms)

    return Asked(child.start(work, timeout_s), understand)


def bill_in_child(
    request: BillRequest, crawler: Any, timeout_s: float
) -> Asked[Bill | NoBill]:
    """Ask who has the memory; returns as soon as the child is forked.

    Where memory is too short for a child there is none, and the answer says so.
    """
    known = resident.known_here()
    rss, now = known["rss"], known["time"]
    received = request.received
    question = BillQuestion(rss, known["files"], request.before, timeout_s)
    outside = _outside(sys._getframe(1))

    def work() -> dict[str, Any]:
        found = bill.measure(question, crawler, outside)
        return {
            **found,
            "owners": [asdict(owner) for owner in found["owners"]],
            "layers": asdict(found["layers"]),
        }

    def understand(found: child.Answer | child.Failure) -> Bill | NoBill:
        if isinstance(found, child.Failure):
            return NoBill(now, received, rss, found.reason, stall_ms=found.stall_ms)
        return _bill(found, now, received, rss)

    return _asked(work, understand, timeout_s, rss)


def _asked(
    work: Callable[[], dict[str, Any]],
    understand: Callable[[child.Answer | child.Failure], Result_co],
    timeout_s: float,
    rss: int,
) -> Asked[Result_co]:
    """Have a child walk the heap of ``rss`` bytes, where there is memory for it."""
    if short := headroom.shortage(rss):
        reason = f"a child that looks would need {short}"
        return Asked(child.Failure(reason), understand)
    return Asked(child.start(work, timeout_s), understand)


def _outside(frame: FrameType) -> Outside:
    """Return what a child no longer has: other threads' state, signal handlers."""
    threads = {
        anatomy.attribute(thread, "_ident"): thread for thread in threading.enumerate()
    }
    names = {
        ident: anatomy.text_attribute(thread, "_name")
        for ident, thread in threads.items()
    }
    own = threading.get_ident()
    frames = [
        (names.get(ident) or str(ident), stack_of(frame if ident == own else other))
        for ident, other in sys._current_frames().items()
    ]
    errors = sys._current_exceptions()
    kept = {
        ident: (context, data, mark) for ident, data, context, mark in thread_states()
    }
    states = [
        ThreadState(
            names.get(ident) or str(ident),
            threads.get(ident),
            _error(errors.get(ident)),
            *kept.get(ident, ()),
        )
        for ident in {*threads, *errors, *kept} - {own}
    ]
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    return Outside(
        tuple(frames),
        tuple(states),
        tuple(each for each in handlers if callable(each)),
        asyncio._get_running_loop(),
    )


def _error(handled: Any) -> Any:
    """Return an exception, which before Python 3.12 is told with its type."""
    return handled[1] if type(handled) is tuple else handled


def _bill(found: child.Answer, now: float, received: int, rss: int) -> Bill:
    fields = dict(found.fields)
    owners = tuple(
        BillOwner(
            **{**owner, "paths": tuple(BillPath(**path) for path in owner["paths"])}
        )
        for owner in fields.pop("owners")
    )
    return Bill(
        time=now,
        received=received,
        rss=rss,
        owners=owners,
        layers=BillLayers(**fields.pop("layers")),
        stall_ms=found.stall_ms,
        **fields,
    )


def _understood(
    question: Question | HoardQuestion | StallQuestion | ResourceQuestion,
    found: child.Answer | child.Failure,
) -> Explanation | Unexplained:
    if isinstance(found, child.Failure):
        return Unexplained(
            question.subject,
            question.class_path,
            question.spider,
            found.reason,
            effort=Effort(found.stall_ms),
        )
    fields = dict(found.fields)
    fields["effort"] = Effort(
        found.stall_ms, fields.pop("analysis_ms"), fields.pop("child_memory_bytes")
    )
    fields["counts"] = Counts(**fields["counts"])
    if "reason" in fields:
        return Unexplained(**fields)
    fields["price"] = Price(**fields["price"])
    fields["traits"] = tuple(fields["traits"])
    fields["path"] = tuple(PathStep(**step) for step in fields["path"])
    fields["others"] = tuple(Share(**share) for share in fields["others"])
    for name in ("victims", "takes"):
        fields[name] = tuple(fields[name])
    return Explanation(**fields)


def _profile(found: child.Answer | child.Failure) -> HeapProfile | str:
    if isinstance(found, child.Failure):
        return found.reason
    return HeapProfile(**{**found.fields, "stall_ms": found.stall_ms})
