"""Images, arrays, tables and buffers: few of them are many bytes."""

from __future__ import annotations

from scrapy_leakwatch.explain.things.kind import ThingKind, of, says

KINDS = (
    ThingKind(
        of("PIL.Image.Image"),
        says(
            "save() each image to a file and close() it, and keep in {where} only what"
            " is needed of it, such as its path, its size or a thumbnail"
        ),
        heavy=True,
    ),
    ThingKind(
        of(
            "numpy.ndarray",
            "torch.Tensor",
        ),
        says(
            "keep what is needed of each array in {where}, such as its mean (a slice"
            " keeps all of it: copy() that), or write them out and clear() it every"
            " hundred"
        ),
        heavy=True,
    ),
    ThingKind(
        of(
            "pandas.core.frame.DataFrame",
            "pandas.DataFrame",
            "pandas.core.series.Series",
            "pandas.Series",
            "polars.dataframe.frame.DataFrame",
            "polars.series.series.Series",
            "pyarrow.lib.Table",
            "pyarrow.lib.RecordBatch",
            "pyarrow.lib.Array",
            "pyarrow.lib.ChunkedArray",
        ),
        says(
            "write each {thing} of {where} to a file of its own, such as Parquet, or"
            " all of them and clear() it every hundred"
        ),
        heavy=True,
    ),
    ThingKind(
        of(
            "_io.BytesIO",
            "_io.StringIO",
        ),
        says(
            "write what is in each {thing} to a file, or send it, and close() it: as"
            " long as it is in {where} it keeps all that was written to it"
        ),
    ),
)
