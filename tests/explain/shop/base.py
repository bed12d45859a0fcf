"""The spider that all leaking spiders share: it visits many listings."""

from scrapy import Request, Spider


class Shop(Spider):
    listings = 150

    def __init__(self, site="", **kwargs):
        super().__init__(**kwargs)
        self.start_urls = [f"{site}/index"]

    def parse(self, response):
        # All at once: Scrapy takes one request of a callback in each turn.
        for number in range(int(self.listings)):
            listing = response.urljoin(f"/listing/{number}")
            self.crawler.engine.crawl(Request(listing, self.parse_listing))

    def parse_product(self, response, **kwargs):
        pass
