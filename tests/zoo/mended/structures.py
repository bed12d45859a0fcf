"""The spiders that keep pages deep inside of something, mended."""

from __future__ import annotations

from tests.zoo.animals import structures

PAGES = 20


class DeepStructures(structures.DeepStructures):
    seen = 0

    def parse(self, response):
        super().parse(response)
        self.seen += 1
        if self.seen % PAGES == 0:
            self.first = self.last = structures.Node("")
            self.words = structures.Branch()
            self.catalogue.shop.floor.shelf.box.found.clear()


class TablePipeline(structures.TablePipeline):
    every = 30


class RedisPipeline(structures.RedisPipeline):
    every = 30
