"""Components that keep what passes through them."""

from scrapy import signals


class KeepingPipeline:
    def __init__(self):
        self.items = []

    def process_item(self, item, spider):
        self.items.append(item)  # here: pipeline
        return item


class KeepingSpiderMiddleware:
    def __init__(self):
        self.seen = []

    def process_spider_input(self, response, spider):
        self.seen.append(response)  # here: spider_middleware

    def process_spider_output(self, response, result, spider):
        yield from result

    async def process_spider_output_async(self, response, result, spider):
        async for each in result:
            yield each


class KeepingDownloaderMiddleware:
    def __init__(self):
        self.by_url = {}

    def process_response(self, request, response, spider):
        self.by_url[response.url] = response  # here: downloader_middleware
        return response


class KeepingExtension:
    def __init__(self):
        self.last = []

    @classmethod
    def from_crawler(cls, crawler):
        extension = cls()
        crawler.signals.connect(extension.response_received, signals.response_received)
        return extension

    def response_received(self, response):
        self.last.append(response)  # here: extension


COMPONENTS = {
    "pipeline": {"ITEM_PIPELINES": {"shop.components.KeepingPipeline": 1}},
    "spider_middleware": {
        "SPIDER_MIDDLEWARES": {"shop.components.KeepingSpiderMiddleware": 1}
    },
    "downloader_middleware": {
        "DOWNLOADER_MIDDLEWARES": {"shop.components.KeepingDownloaderMiddleware": 1}
    },
    "extension": {"EXTENSIONS": {"shop.components.KeepingExtension": 1}},
    "library": {"ITEM_PIPELINES": {"keeper_library.CachePipeline": 1}},
}
"""The settings that enable what a spider's leak needs, by the spider's name."""
