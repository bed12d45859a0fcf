"""Clients of servers and databases, which a crawl needs one of."""

from __future__ import annotations

import sqlite3
from types import ModuleType, SimpleNamespace

import pytest
import requests

from scrapy_leakwatch.explain import things
from scrapy_leakwatch.explain.accumulations import thing
from scrapy_leakwatch.explain.answers import resources
from scrapy_leakwatch.explain.answers.resources import investigate_resources
from scrapy_leakwatch.explain.containers import clients
from scrapy_leakwatch.explain.records import Explanation, ResourceQuestion, Unexplained
from scrapy_leakwatch.heap.roots import Outside

PATHS = [client.path for client in clients.CLIENTS]


@pytest.fixture
def fake(monkeypatch):
    """Return a function that makes a class that says to be at a path."""

    def make(path: str) -> type:
        module, _, name = path.rpartition(".")
        cls = type(name, (), {"__module__": module})
        found = ModuleType(module)
        setattr(found, name, cls)
        monkeypatch.setitem(clients.sys.modules, module, found)
        return cls

    return make


@pytest.mark.parametrize("path", PATHS)
def test_each_client_is_known_by_its_path_with_its_subclasses(fake, path) -> None:
    cls = fake(path)
    own = type("Own", (cls,), {})
    assert {cls, own} <= set(clients.classes())
    assert any(end in clients.remedy(own) for end in ("close", "quit", "dispose"))
    assert "make one Own for the whole crawl" in clients.remedy(own)


def test_the_paths_are_those_of_the_packages() -> None:
    aiohttp = pytest.importorskip("aiohttp")
    redis = pytest.importorskip("redis")
    orm = pytest.importorskip("sqlalchemy.orm")
    asynchronous = pytest.importorskip("sqlalchemy.ext.asyncio")
    found = (
        *(aiohttp.ClientSession, redis.Redis, redis.asyncio.Redis, requests.Session),
        *(orm.Session, asynchronous.AsyncSession, asynchronous.AsyncEngine),
    )
    for cls in (*found, sqlite3.Connection):
        assert clients.client_of(cls) is not None, cls
        assert cls in clients.classes()


@pytest.mark.parametrize("package", ["httpx", "httpx2"])
def test_the_paths_of_httpx_are_where_it_says_that_its_classes_are(package) -> None:
    httpx = pytest.importorskip(package)
    for cls in (httpx.Client, httpx.AsyncClient):
        assert clients.client_of(cls) is not None, cls
        assert cls in clients.classes()


@pytest.mark.parametrize("kind", ["list", "dict", "set"])
def test_a_container_of_clients_is_told_to_close_them(kind) -> None:
    many = [requests.Session(), requests.Session()]
    entries = [("a", one) if kind == "dict" else (one,) for one in many]
    said = things.remedy(entries, "spider.sessions", kind)
    assert "end each when its page is done, by `close()` or `with`" in said
    assert "do not collect them in spider.sessions" in said
    assert "sqlite3" not in said
    assert "item" not in said


def place(*way):
    return SimpleNamespace(way=way, path="spider.sessions", holder=way[-1])


def test_memory_in_many_clients_is_told_to_close_them() -> None:
    many = [requests.Session() for _ in range(3)]
    for kept in (many, dict(enumerate(many))):
        inside = place(object(), kept, many[0], many[0].adapters)
        assert thing.KIND.is_one(inside)
        assert "close()" in thing.KIND.fix(inside, "", "project")


def test_memory_in_one_client_is_another_matter() -> None:
    one = requests.Session()
    assert not thing.KIND.is_one(place(object(), one, one.adapters))
    assert not thing.KIND.is_one(place(object(), [one], one))


class Shop:
    name = "shop"

    def __init__(self, sessions=(), files=()):
        self.sessions = list(sessions)
        self.files = list(files)


def asked(shop, counted_as="sockets", count=20):
    crawler = SimpleNamespace(spider=shop)
    question = ResourceQuestion("socket", counted_as, "shop", count, "close() it")
    return investigate_resources(question, crawler, Outside(), 60)


def test_clients_that_pile_up_are_named_and_not_their_sockets() -> None:
    found = asked(Shop([requests.Session() for _ in range(20)]))
    assert isinstance(found, Explanation)
    assert (found.subject, found.class_path) == ("Session", "requests.sessions.Session")
    assert found.holder == "spider.sessions[*]"
    assert found.counts.held == 20
    assert "do not collect them in spider.sessions[*]" in found.fix


def test_files_in_a_list_are_named_with_what_closes_them() -> None:
    files = [open("/dev/null", "rb", buffering=0) for _ in range(20)]  # noqa: SIM115
    found = asked(Shop(files=files), "files")
    assert (found.holder, found.fix) == ("spider.files[*]", "close() it")
    for file in files:
        file.close()


def test_few_of_a_kind_are_nobodys() -> None:
    found = asked(Shop([requests.Session() for _ in range(3)]), "children")
    assert isinstance(found, Unexplained)
    assert not found.gone


def test_the_connections_of_one_client_have_a_bound() -> None:
    import socket

    session = requests.Session()
    opened = [socket.socket() for _ in range(resources.LEAST)]
    session.kept = opened
    found = asked(Shop([session]))
    assert isinstance(found, Unexplained)
    assert found.gone
    assert "connections of a Session" in found.reason
    for each in opened:
        each.close()
