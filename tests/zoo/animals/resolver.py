"""Resolves every name to the loopback interface, as ``*.localhost`` should."""

from __future__ import annotations

from twisted.internet.base import ReactorBase, ThreadedResolver
from twisted.internet.defer import succeed


class LoopbackResolver(ThreadedResolver):
    @classmethod
    def from_crawler(cls, crawler, reactor: ReactorBase):
        return cls(reactor)

    def install_on_reactor(self):
        self.reactor.installResolver(self)

    def getHostByName(self, name, timeout=()):  # noqa: N802
        return succeed("127.0.0.1")
