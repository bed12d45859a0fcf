"""All that was collected is sent at the end, where some may be sent meanwhile."""

import ast

import pytest

from scrapy_leakwatch.explain.code.sending import sent_at_end

CLASS = """
class Store:
    def process_item(self, item):
        self.rows.append(item)
    def {function}(self):
        {statement}
"""


def found(statement, function="close_spider"):
    tree = ast.parse(CLASS.format(statement=statement, function=function))
    return [(each.line, each.function) for each in sent_at_end(tree, "rows", False)]


@pytest.mark.parametrize(
    "statement",
    [
        "self.table.insert_many(self.rows)",
        "helpers.bulk(self.client, self.rows)",
        "bulk(client, actions=self.rows)",
        "self.cursor.executemany(INSERT, list(self.rows.values()))",
        "self.session.add_all(sorted(self.rows))",
        "self.table.insert_many(*self.rows)",
        "csv.writer(file).writerows(self.rows)",
    ],
)
def test_the_call_that_gets_all_of_it_is_found(statement) -> None:
    assert found(statement) == [(6, "close_spider")]


@pytest.mark.parametrize(
    "statement",
    [
        "self.table.insert_many(self.others)",
        "self.table.insert_one(self.rows)",
        "self.rows.insert_many()",
        "json.dump(self.rows, file)",
        "rows = list(self.rows)",
    ],
)
def test_another_call_is_none(statement) -> None:
    assert not found(statement)


def test_what_is_sent_meanwhile_is_not_sent_at_the_end() -> None:
    assert not found("self.table.insert_many(self.rows)", "flush")
