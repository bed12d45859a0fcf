"""What is run to test and to publish the project fits the project."""

import configparser
import re
from pathlib import Path

import pytest
import yaml

import scrapy_leakwatch

ROOT = Path(__file__).parents[1]
WORKFLOWS = ROOT / ".github" / "workflows"


def jobs_of(name: str) -> dict:
    return yaml.safe_load((WORKFLOWS / name).read_text())["jobs"]


@pytest.fixture(scope="module")
def setup():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def test_each_environment_of_tox_is_run(setup) -> None:
    listed = setup["tox:tox"]["env_list"].split()
    names = set()
    for each in listed:
        many = re.search(r"\{(.*)\}", each)
        options = many[1].split(",") if many else [""]
        names |= {re.sub(r"\{.*\}", option, each) for option in options}
    matrix = jobs_of("tests.yml")["tests"]["strategy"]["matrix"]["include"]
    assert {each["env"] for each in matrix} == names


def test_each_python_that_is_run_is_one_that_is_promised(setup) -> None:
    classifiers = setup["metadata"]["classifiers"]
    promised = set(re.findall(r"Python :: (3\.\d+)", classifiers))
    matrix = jobs_of("tests.yml")["tests"]["strategy"]["matrix"]["include"]
    assert {each["python"] for each in matrix} == promised


def test_the_job_that_publishes_runs_none_of_the_projects_code() -> None:
    jobs = jobs_of("publish.yml")
    trusted = [name for name, job in jobs.items() if job.get("permissions")]
    assert trusted == ["publish"]
    steps = jobs["publish"]["steps"]
    assert not any("run" in step for step in steps)
    used = {step["uses"].partition("@")[0] for step in steps}
    assert used == {"actions/download-artifact", "pypa/gh-action-pypi-publish"}
    assert set(jobs["publish"]["needs"]) == set(jobs) - {"publish"}


@pytest.mark.parametrize(
    "path", sorted(WORKFLOWS.iterdir()), ids=lambda path: path.name
)
def test_a_workflow_may_read_and_no_more_and_makes_what_the_makefile_has(path) -> None:
    text = path.read_text()
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"run: make ([\w-]+)", text)) <= set(targets)


def test_the_newest_changes_are_those_of_this_version() -> None:
    changes = (ROOT / "CHANGES.rst").read_text()
    (newest, *_) = re.findall(r"^(\S+) \(\S+\)\n-+$", changes, re.MULTILINE)
    assert newest == scrapy_leakwatch.__version__


def test_forms_for_reports_ask_for_the_recording() -> None:
    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    assert len(forms) == 2
    for form in forms:
        body = yaml.safe_load(form.read_text())["body"]
        assert {"recording", "doctor"} <= {each.get("id") for each in body}
