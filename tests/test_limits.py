from __future__ import annotations

import pytest
from scrapy.settings import Settings

from scrapy_leakwatch.observe.limits import Limits, limits

MB = 1024 * 1024


def tree(root, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        pytest.param({}, None, id="no cgroup"),
        pytest.param(
            {"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "max\n"},
            None,
            id="v2 without a limit",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/b/memory.max": f"{300 * MB}\n",
                "sys/fs/cgroup/a/memory.max": f"{200 * MB}\n",
            },
            200,
            id="v2, the outer group is tighter",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "0::/../../elsewhere\n",
                "sys/fs/cgroup/memory.max": f"{100 * MB}\n",
            },
            100,
            id="v2 in a container, the path is the host's",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "5:cpu:/x\n4:memory,hugetlb:/docker/1\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{150 * MB}\n",
            },
            150,
            id="v1",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "4:memory:/\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            },
            None,
            id="v1 without a limit",
        ),
        pytest.param({"proc/self/cgroup": "nonsense\n"}, None, id="nonsense"),
    ],
)
def test_the_limit_is_that_of_the_container(tmp_path, files, limit) -> None:
    tree(tmp_path, files)
    found = limits(Settings(), tmp_path)
    assert found == Limits(None, None if limit is None else limit * MB)


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        ({"MEMUSAGE_LIMIT_MB": 64}, 64),
        ({"MEMUSAGE_LIMIT_MB": 512}, 200),
        ({"MEMUSAGE_LIMIT_MB": 64, "MEMUSAGE_ENABLED": False}, 200),
    ],
)
def test_the_nearer_of_scrapys_limit_and_the_containers_holds(
    tmp_path, settings, limit
) -> None:
    tree(
        tmp_path,
        {
            "proc/self/cgroup": "0::/a\n",
            "sys/fs/cgroup/a/memory.max": f"{200 * MB}\n",
        },
    )
    assert limits(Settings(settings), tmp_path).nearest(0, 0) == limit * MB


@pytest.mark.parametrize(
    ("rss", "children", "nearest"),
    [(10, 0, 64), (60, 100, 64), (10, 150, 200), (10, 500, 200)],
)
def test_child_processes_count_against_the_limit_of_the_container_alone(
    rss, children, nearest
) -> None:
    assert Limits(64, 200).nearest(rss, children) == nearest


@pytest.mark.parametrize(
    ("own_mb", "limit"), [(0, None), (50, 50 * MB), ("auto", 90 * MB)]
)
def test_the_limit_of_leakwatch_itself(own_mb, limit, tmp_path) -> None:
    tree(
        tmp_path,
        {
            "proc/self/cgroup": "0::/a\n",
            "sys/fs/cgroup/a/memory.max": f"{100 * MB}\n",
        },
    )
    found = limits(Settings({"MEMUSAGE_ENABLED": False}), tmp_path, own_mb)
    assert found.own == limit
    if limit is not None:
        assert found.nearest(limit - 10, 5) == limit  # children count as well


def test_auto_is_no_limit_where_no_container_has_one(tmp_path) -> None:
    assert limits(Settings(), tmp_path, "auto").own is None
