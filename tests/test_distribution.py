"""The sdist builds the part in C where it can and does without where not."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("setuptools", "77", reason="builds with setuptools 77 or newer")
ROOT = Path(__file__).parents[1]
NO_COMPILER = {"CC": "false"}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """Return the folder of an sdist, made of what the working tree has."""
    tmp_path = tmp_path_factory.mktemp("sdist")
    foreign = shutil.ignore_patterns(".*", "*.so", "*.egg-info", "build", "__pycache__")
    shutil.copytree(ROOT, tmp_path / "tree", ignore=foreign)
    sdist = _built("sdist", tmp_path / "tree")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / sdist.name.removesuffix(".tar.gz")


@pytest.fixture(scope="module")
def pure(unpacked):
    """Return the wheel that is built where there is no compiler."""
    return _built("wheel", unpacked, NO_COMPILER)


def test_an_sdist_builds_without_a_compiler_and_walks_in_python(pure, tmp_path):
    assert _walk_of(pure, tmp_path) == "scrapy_leakwatch.heap.twin"


def test_an_sdist_builds_the_walk_in_c_with_a_compiler(unpacked, tmp_path):
    if not _can_compile():
        pytest.skip("no C compiler, or no headers of Python")
    wheel = _built("wheel", unpacked)
    assert _walk_of(wheel, tmp_path) == "scrapy_leakwatch.heap._graph"


def test_a_wheel_has_all_that_is_read_at_run_time_and_no_tests(pure):
    with zipfile.ZipFile(pure) as archive:
        published = set(archive.namelist())
    package = ROOT / "scrapy_leakwatch"
    read = {
        str(path.relative_to(ROOT))
        for pattern in (
            "**/*.py",
            "report/**/*.html",
            "report/**/*.js",
            "report/**/*.css",
        )
        for path in package.glob(pattern)
    }
    assert read <= published
    assert {name.split("/")[0].split("-")[0] for name in published} == {package.name}


def _built(kind, tree, env=None):
    """Return the sdist or wheel that is built of a tree."""
    target = tree / "dist"
    shutil.rmtree(tree / "build", ignore_errors=True)  # has what was compiled before
    build = f"from setuptools import build_meta; build_meta.build_{kind}('dist')"
    done = subprocess.run(
        [sys.executable, "-c", build],
        cwd=tree,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    (built,) = target.glob("*.tar.gz" if kind == "sdist" else "*.whl")
    return built.rename(tree.parent / built.name)


def _walk_of(wheel, target):
    """Return the module whose walk is used where this wheel is installed."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from scrapy_leakwatch.heap import graph\n"
            f"assert graph.__file__.startswith({str(target)!r}), graph.__file__\n"
            "print(graph.make(None).__class__.__module__)",
        ],
        cwd=target,
        env={**os.environ, "PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _can_compile():
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "").split()
    header = Path(sysconfig.get_path("include"), "Python.h")
    return bool(compiler) and bool(shutil.which(compiler[0])) and header.exists()
