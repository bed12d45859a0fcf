"""A spider with page objects; importable only where scrapy-poet is installed."""

from __future__ import annotations

from scrapy.http import Response  # noqa: TC002 - injected by its annotation
from web_poet import WebPage, field

from tests.zoo.animals.base import Visitor


class ShopPage(WebPage):
    @field
    def title(self):
        return self.css("title::text").get()


class Paged(Visitor):
    """Leaves the extraction to page objects that are injected."""

    name = "paged"

    async def parse(self, response: Response, page: ShopPage):
        yield await page.to_item()
