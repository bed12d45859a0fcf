"""Crawls with parts of Scrapy, and of add-ons, as they are installed.

They are healthy, but for two leaks of Scrapy's media pipelines in 2.19.
"""

from __future__ import annotations

from typing import Any

from tests.zoo.truth import SELECT, Row

MODULE = "tests.zoo.animals.installed"
FILES = {"ITEM_PIPELINES": {"scrapy.pipelines.files.FilesPipeline": 1}}
LONGER = {"CLOSESPIDER_TIMEOUT": 9}
FORMATS = {"json": "json", "csv": "csv", "xml": "xml", "lines": "jsonlines"}
PRICE = {
    "type": "object",
    "properties": {"price": {"type": "number"}},
    "required": ["price"],
}


def _of(cls: str, story: str, module: str = MODULE, **fields: Any) -> Row:
    name = "".join(f"_{each.lower()}" if each.isupper() else each for each in cls)[1:]
    return Row(name=name, story=story, spiders=(f"{module}.{cls}",), **fields)


INSTALLED = (
    _of(
        "Files",
        "FilesPipeline: each file is there",
        settings={**FILES, "FILES_STORE": "files"},
        also=frozenset({"hoard"}),  # it does remember each file for ever
    ),
    _of(
        "LostFiles",
        "FilesPipeline: of two files one is missing and one breaks off",
        truth="leak",
        # It keeps each failure, which was raised once more since it was cleaned.
        subjects=("Request", "HtmlResponse", "Response"),
        holders=("FilesPipeline.spiderinfo.downloaded[*]", "FilesPipeline.spiderinfo"),
        known="scrapy-media-failures",
        also=frozenset({"hoard"}),
        settings={**FILES, "FILES_STORE": "files", "RETRY_TIMES": 1, **LONGER},
        leaked_each=0.5,
    ),
    _of(
        "MendedFiles",
        "the same with what is advised: a subclass clears what each failure refers to",
        settings={
            "ITEM_PIPELINES": {f"{MODULE}.MendedPipeline": 1},
            "FILES_STORE": "files",
            "RETRY_TIMES": 1,
            **LONGER,
        },
        also=frozenset({"hoard"}),
    ),
    _of(
        "BadImages",
        "ImagesPipeline with thumbnails: every second image is none",
        truth="leak",
        subjects=("Request", "HtmlResponse"),
        holders=(
            "ImagesPipeline.spiderinfo.downloaded[*]",
            "ImagesPipeline.spiderinfo",
        ),
        known="scrapy-media-failures",
        also=frozenset({"hoard"}),
        settings={
            "ITEM_PIPELINES": {"scrapy.pipelines.images.ImagesPipeline": 1},
            "IMAGES_STORE": "images",
            "IMAGES_THUMBS": {"small": (20, 20)},
            **LONGER,
        },
        reactor=SELECT,
        leaked_each=0.33,
        needs=("PIL",),
    ),
    _of(
        "Feeds",
        "feed exports in four formats, and one in batches",
        settings={
            "FEEDS": {
                **{f"out.{end}": {"format": name} for end, name in FORMATS.items()},
                "batch-%(batch_id)d.json": {"format": "json", "batch_item_count": 100},
            }
        },
    ),
    _of(
        "Redis",
        "scrapy-redis: scheduler, duplicate filter and items in a Redis in memory",
        settings={
            "SCHEDULER": "scrapy_redis.scheduler.Scheduler",
            "DUPEFILTER_CLASS": "scrapy_redis.dupefilter.RFPDupeFilter",
            "ITEM_PIPELINES": {"scrapy_redis.pipelines.RedisPipeline": 1},
            "REDIS_PARAMS": {"redis_cls": "fakeredis.FakeRedis"},
        },
        also=frozenset({"hoard"}),  # that Redis is a dict in the same process
        reactor=SELECT,
        needs=("scrapy_redis", "fakeredis"),
    ),
    _of(
        "Mapped",
        "a SitemapSpider reads ten sitemaps of 200 pages",
        also=frozenset({"backlog", "recovered"}),
        reactor=SELECT,
    ),
    _of(
        "Agents",
        "scrapy-user-agents: another user agent for each request",
        settings={
            "DOWNLOADER_MIDDLEWARES": {
                "scrapy_user_agents.middlewares.RandomUserAgentMiddleware": 400,
            }
        },
        reactor=SELECT,
        needs=("scrapy_user_agents",),
    ),
    _of(
        "Monitored",
        "Spidermon checks each item, and none is valid",
        settings={
            "EXTENSIONS": {"spidermon.contrib.scrapy.extensions.Spidermon": 400},
            "ITEM_PIPELINES": {
                "spidermon.contrib.scrapy.pipelines.ItemValidationPipeline": 1
            },
            "SPIDERMON_ENABLED": True,
            "SPIDERMON_ADD_FIELD_COVERAGE": True,
            "SPIDERMON_VALIDATION_SCHEMAS": [PRICE],
        },
        needs=("spidermon", "jsonschema"),
    ),
    _of(
        "Paged",
        "scrapy-poet injects a page object into each callback",
        "tests.zoo.animals.paged",
        settings={"ADDONS": {"scrapy_poet.Addon": 300}},
        needs=("scrapy_poet",),
    ),
)
