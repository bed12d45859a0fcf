"""Knows the clients of servers and databases, of which a crawl needs one, not many."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from collections.abc import Iterator


class Client(NamedTuple):
    """A class by its module and name, what ends one, and what opens one and ends it."""

    module: str
    name: str
    end: str
    block: str = ""

    @property
    def path(self) -> str:
        """Return where the class says that it is defined."""
        return f"{self.module}.{self.name}"


_WITH, _ASYNC_WITH = "with", "async with"

CLIENTS = (
    Client("aiohttp.client", "ClientSession", "await close()", _ASYNC_WITH),
    Client("httpx", "AsyncClient", "await aclose()", _ASYNC_WITH),
    Client("httpx", "Client", "close()", _WITH),
    Client("httpx2", "AsyncClient", "await aclose()", _ASYNC_WITH),
    Client("httpx2", "Client", "close()", _WITH),
    Client("requests.sessions", "Session", "close()", _WITH),
    Client(
        *("curl_cffi.requests.session", "AsyncSession", "await close()", _ASYNC_WITH)
    ),
    Client("curl_cffi.requests.session", "Session", "close()", _WITH),
    Client("sqlite3", "Connection", "close()"),
    Client("psycopg2.extensions", "connection", "close()"),
    Client("psycopg", "Connection", "close()", _WITH),
    Client("psycopg", "AsyncConnection", "await close()", _ASYNC_WITH),
    Client("pymysql.connections", "Connection", "close()", _WITH),
    Client("MySQLdb.connections", "Connection", "close()"),
    Client("pymongo.synchronous.mongo_client", "MongoClient", "close()", _WITH),
    Client("pymongo.mongo_client", "MongoClient", "close()", _WITH),
    Client(
        *("pymongo.asynchronous.mongo_client", "AsyncMongoClient", "await close()"),
        _ASYNC_WITH,
    ),
    Client("redis.client", "Redis", "close()", _WITH),
    Client("redis.asyncio.client", "Redis", "await aclose()", _ASYNC_WITH),
    Client("asyncpg.connection", "Connection", "await close()"),
    Client("aiosqlite.core", "Connection", "await close()", _ASYNC_WITH),
    Client("sqlalchemy.orm.session", "Session", "close()", _WITH),
    Client(
        *("sqlalchemy.ext.asyncio.session", "AsyncSession", "await close()"),
        _ASYNC_WITH,
    ),
    Client("sqlalchemy.engine.base", "Connection", "close()", _WITH),
    Client(
        *("sqlalchemy.ext.asyncio.engine", "AsyncConnection", "await close()"),
        _ASYNC_WITH,
    ),
    Client("sqlalchemy.engine.base", "Engine", "dispose()"),
    Client("sqlalchemy.ext.asyncio.engine", "AsyncEngine", "await dispose()"),
    Client("elasticsearch", "Elasticsearch", "close()", _WITH),
    Client("elasticsearch._sync.client", "Elasticsearch", "close()", _WITH),
    Client("elasticsearch", "AsyncElasticsearch", "await close()", _ASYNC_WITH),
    Client("botocore.client", "BaseClient", "close()"),
    Client("paramiko.client", "SSHClient", "close()", _WITH),
    Client("ftplib", "FTP", "quit()", _WITH),
    Client("smtplib", "SMTP", "quit()", _WITH),
    Client("selenium.webdriver.remote.webdriver", "WebDriver", "quit()", _WITH),
)
"""By the class that has the way to end one; those in use are its subclasses, too."""

_BY_PATH = {client.path: client for client in CLIENTS}
MOST_CLASSES = 64


def client_of(cls: type) -> Client | None:
    """Return what kind of client the instances of a class are, None if of none."""
    paths = map(anatomy.path, anatomy.mro(cls))
    return next((_BY_PATH[path] for path in paths if path in _BY_PATH), None)


def remedy(cls: type, where: str = "") -> str:
    """Return what to do with many clients of a class, which are in ``where``."""
    client = client_of(cls)
    if client is None:
        return ""
    name = anatomy.name(cls)
    ways = f"`{client.end}` or `{client.block}`" if client.block else f"`{client.end}`"
    instead = f", and do not collect them in {where}" if where else ""
    return (
        f"make one {name} for the whole crawl, and end it when the crawl closes; or end"
        f" each when its page is done, by {ways}{instead}"
    )


def classes() -> tuple[type, ...]:
    """Return the classes of clients in this process, subclasses with them."""
    return tuple(_classes())[:MOST_CLASSES]


def _classes() -> Iterator[type]:
    seen: set[int] = set()
    for client in CLIENTS:
        names = anatomy.own_dict(sys.modules.get(client.module)) or {}
        waiting: list[Any] = [names.get(client.name)]
        while waiting and len(seen) < MOST_CLASSES:
            cls = waiting.pop()
            if anatomy.is_a(cls, type) and id(cls) not in seen:
                seen.add(id(cls))
                yield cls
                waiting += type.__subclasses__(cls)
