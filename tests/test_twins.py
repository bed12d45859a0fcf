"""Classes of one bare name are kept apart, from the sample to the recording."""

from __future__ import annotations

from scrapy_leakwatch import recordings


def test_two_classes_of_one_name_are_kept_apart(crawl, tmp_path) -> None:
    path = tmp_path / "record.jsonl"
    twins = ["twins_one.Product", "twins_two.Product"]
    result = crawl(
        "Twins",
        LEAKWATCH_TRACK=twins,
        LEAKWATCH_RECORD=str(path),
        LEAKWATCH_LOG_INTERVAL=0.3,
    )
    stats, lines = result.stats, result.log.splitlines()
    for kept, other in (
        ("twins_one.Product", "twins_two.Product"),
        ("twins_two.Offer", "twins_one.Offer"),
    ):
        assert stats[f"leakwatch/live/{kept}"] >= 300
        assert stats.get(f"leakwatch/peak/{other}", 0) < 100  # no sample may see one
        assert f"\n{kept:<30} " in result.log
        assert f"WARNING: {kept} is leaking: " in result.log
        assert f"{other} is leaking" not in result.log
        assert f"leakwatch/holder/{kept}" in stats
        assert f"leakwatch/holder/{other}" not in stats
    bare = {name for name in stats if name.endswith(("/Product", "/Offer"))}
    assert not bare
    assert not {"Product", "Offer"} & {line.partition(" ")[0] for line in lines}
    found = recordings.read(path)
    accused = {(told.verdict.subject, told.verdict.class_path) for told in found.told}
    assert {("twins_one.Product",) * 2, ("twins_two.Offer",) * 2} <= accused
    assert {*twins, "twins_one.Offer", "twins_two.Offer"} <= set(found.timeline.live)
