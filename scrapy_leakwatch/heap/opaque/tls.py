"""What OpenSSL keeps for a context of TLS, mostly the certificates that it trusts."""

from __future__ import annotations

from typing import Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap.opaque.kind import Held, OpaqueKind

CONTEXT = 14_000
CERTIFICATE = 5_800
"""Bytes of an empty context, and of each certificate that was loaded into it.

OpenSSL does not tell. These are what 150 contexts took each, with none and with 144
certificates, for Python 3.10 to 3.13 with OpenSSL 3.0. Newer ones count certificates
under a lock: where a thread had that at the fork, the child ends at its time limit.
"""


def _open_context(cls: type, obj: Any) -> Held:
    loaded = anatomy.namespace(cls)["cert_store_stats"](obj)["x509"]
    return CONTEXT + CERTIFICATE * loaded, []


KIND = OpaqueKind(("_ssl._SSLContext",), lambda: _open_context)
