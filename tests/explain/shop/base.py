"""The spider that all leaking spiders share: it visits many listings."""

from scrapy import Request, Spider


class Shop(Spider):
    listings = 150

    def __init__(self, site="", **kwargs):
        super().__init__(**kwargs)
        self.start_urls = [f"{site}/index"]

    def parse(self, response):
        for number in range(int(self.listings)):
            yield Request(response.urljoin(f"/listing/{number}"), self.parse_listing)

    def parse_product(self, response, **kwargs):
        pass
