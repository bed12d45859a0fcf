"""Spiders that keep objects of extensions, whose memory is malloc's."""

from __future__ import annotations

import zlib

from google.protobuf.struct_pb2 import ListValue

from tests.zoo.animals.weights import Padded


class KeepsStreams(Padded):
    """Compresses each page, and keeps what did that."""

    name = "keeps_streams"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.streams = []

    def parse(self, response):
        stream = zlib.compressobj()
        stream.compress(response.body)
        self.streams.append(stream)  # here: kept_streams
        yield from super().parse(response)


class EndsStreams(Padded):
    """Has a new one for each page, too, and ends it."""

    name = "ends_streams"

    def parse(self, response):
        stream = zlib.compressobj()
        size = len(stream.compress(response.body) + stream.flush())
        yield {"url": response.url, "text": response.text, "size": size}


class Gathering:
    """Adds each item to a message of protobuf, to send it at the end."""

    every = 0

    def __init__(self):
        self.rows = ListValue()

    def process_item(self, item):
        row = self.rows.values.add()
        row.string_value = item["text"]
        if self.every and len(self.rows.values) >= self.every:
            self.rows = ListValue()
        return item


class Sending(Gathering):
    every = 10
