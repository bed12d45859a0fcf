"""Spidermon's message to Sentry, where the same leak is one issue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sentry_sdk
from spidermon.contrib.actions.sentry import SendSentryMessage

from scrapy_leakwatch.spidermon.concluded import conclusion_of, to_act_on

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

NAME = "scrapy-leakwatch"
"""Begins the fingerprints: a signature of ours is nobody else's."""


class SendLeakToSentry(SendSentryMessage):  # type: ignore[misc]
    """Sends the message with the signature of the worst leak as its fingerprint.

    A signature is the same in each run and each spider, so Sentry counts the crawls
    that a leak was seen in, and says when it is back. Where nothing leaks, or what does
    has no signature, the fingerprint is Spidermon's: the title.
    """

    def send_message(self, message: dict[str, Any]) -> None:
        """Send the message; Spidermon calls this."""
        signature = _signature(self.data.crawler)

        def by_signature(event: Event, _: Hint) -> Event:
            if signature is not None:
                event["fingerprint"] = [NAME, signature]
            return event

        with sentry_sdk.isolation_scope() as scope:
            scope.add_event_processor(by_signature)
            super().send_message(message)


def _signature(crawler: Any) -> str | None:
    leaking = to_act_on(conclusion_of(crawler) or {"answers": []})
    return next((each["signature"] for each in leaking if each["signature"]), None)
