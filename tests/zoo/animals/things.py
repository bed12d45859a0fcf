"""Spiders that keep what has to go by itself, and the same with what they are told."""

from __future__ import annotations

import asyncio

import lxml.html

from tests.zoo.animals.base import Visitor

EACH = 10


async def written(url):
    await asyncio.sleep(0.01)
    return url


class TasksInASet(Visitor):
    name = "tasks_in_a_set"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.tasks = set()

    async def parse(self, response):
        for number in range(EACH):
            task = asyncio.create_task(written(f"{response.url}#{number}"))
            self.tasks.add(task)  # here: tasks_in_a_set
            self.is_made(task)

    def is_made(self, task):
        """Do nothing: the task stays."""


class TasksThatLeave(TasksInASet):
    name = "tasks_that_leave"

    def is_made(self, task):
        task.add_done_callback(self.tasks.discard)


class ElementsKept(Visitor):
    name = "elements_kept"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.rows = []

    def parse(self, response):
        page = lxml.html.fromstring(response.text)
        for number in range(EACH):
            row = {"url": f"{response.url}#{number}", "title": page.find(".//title")}
            self.rows.append(row)  # here: elements_kept


class TextsOfElements(Visitor):
    """Keeps the text of each element, of the latest hundred pages."""

    name = "texts_of_elements"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.titles = {}

    def parse(self, response):
        title = lxml.html.fromstring(response.text).find(".//title")
        number = int(response.url.rpartition("/")[2])
        self.titles[number % 100] = lxml.html.tostring(title)


class ImagesKept(Visitor):
    """Keeps an image of 200 kB of each page."""

    name = "images_kept"
    path = "/page/{}?ms=100"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.images = []

    def parse(self, response):
        from PIL import Image

        image = Image.new("RGB", (250, 200))
        self.keep(image)

    def keep(self, image):
        self.images.append(image)  # here: images_kept


class SizesOfImages(ImagesKept):
    name = "sizes_of_images"

    def keep(self, image):
        self.images[:] = [*self.images[-99:], image.size]
        image.close()
