"""What becomes of the files: the recording, the report and the temporary ones."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import stat
import tempfile
from pathlib import Path

from tests.faults.fault import LEAK, Fault
from tests.faults.rows.system import limit

REPORT = {"LEAKWATCH_REPORT": "report.html"}
WITH_REPORT = {**REPORT, "LEAKWATCH_RECORD": None}
"""With a recording of its own, in the folder for temporary files."""
RECORDING, PAGE = "LEAKWATCH_RECORD: ", "LEAKWATCH_REPORT: "
KEPT = "crawls/record.jsonl"


def no_space(moments) -> None:
    """Have each write to a file fail as on a full disk."""
    real = os.write

    def write(fd, data):
        if stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(fd, data)

    def begin(crawler) -> None:
        os.write = write

    moments.page(begin)


def small_files(moments) -> None:
    moments.page(lambda crawler: limit(resource.RLIMIT_FSIZE, 10_000))


def no_files_at_all(moments) -> None:
    moments.open(lambda crawler: limit(resource.RLIMIT_FSIZE, 0))


def no_temporary_folder(moments) -> None:
    tempfile.tempdir = "/proc/none"


def folder_deleted(moments) -> None:
    moments.page(lambda crawler: shutil.rmtree("crawls", ignore_errors=True))


def temporary_folder_deleted(moments) -> None:
    def strike(crawler) -> None:
        for path in Path(tempfile.gettempdir()).iterdir():
            shutil.rmtree(path)

    moments.page(strike)


def folder_replaced(moments) -> None:
    def strike(crawler) -> None:
        shutil.rmtree("crawls", ignore_errors=True)
        Path("crawls").write_text("a file")

    moments.page(strike)


def report_is(make):
    """Return the strike that has something else at the report's path."""

    def strike(moments) -> None:
        make(Path("report.html"))

    return strike


def link(path: Path) -> None:
    Path("precious").write_text("precious")
    path.symlink_to("precious")


def precious_is_whole(place: Path) -> list[str]:
    whole = (place / "precious").read_text() == "precious"
    return [] if whole else ["another file was written to, through a link"]


def is_readable(place: Path) -> list[str]:
    """Say what is wrong with a recording that was cut short."""
    from scrapy_leakwatch import recordings

    try:
        recordings.read(place / "record.jsonl")
    except recordings.UnreadableRecording as error:
        return [f"the recording can't be read: {error}"]
    return []


FILES = (
    Fault(
        name="disk_full",
        story="the disk is full: the recording can't be written",
        strike=no_space,
        told=LEAK,
        says=(RECORDING,),
        then=is_readable,
    ),
    Fault(
        name="disk_full_for_the_report",
        story="the disk is full: neither can the report",
        strike=small_files,
        settings=REPORT,
        says=(RECORDING, PAGE),
        told=LEAK,
        then=is_readable,
    ),
    Fault(
        name="disk_full_for_temporary_files",
        story="the disk is full: neither can what the report is made of",
        strike=small_files,
        settings=WITH_REPORT,
        says=(RECORDING, PAGE),
        told=LEAK,
    ),
    Fault(
        name="disk_full_from_the_start",
        story="no file can have a single byte",
        strike=no_files_at_all,
        settings=WITH_REPORT,
        says=(RECORDING, PAGE),
        told=LEAK,
    ),
    Fault(
        name="no_temporary_folder",
        story="there is no folder for temporary files",
        strike=no_temporary_folder,
        settings=WITH_REPORT,
        told=LEAK,
        says=(PAGE,),
    ),
    Fault(
        name="temporary_folder_deleted",
        story="somebody sweeps the folder for temporary files",
        strike=temporary_folder_deleted,
        settings=WITH_REPORT,
        told=LEAK,
        says=(PAGE,),
    ),
    Fault(
        name="folder_deleted",
        story="the recording's folder is deleted",
        strike=folder_deleted,
        settings={**REPORT, "LEAKWATCH_RECORD": KEPT},
        told=LEAK,
        says=(PAGE,),
    ),
    Fault(
        name="folder_replaced",
        story="a file is where the recording's folder was",
        strike=folder_replaced,
        settings={"LEAKWATCH_REPORT": "crawls/report.html", "LEAKWATCH_RECORD": KEPT},
        told=LEAK,
        says=(PAGE,),
    ),
    Fault(
        name="read_only_folder",
        story="nothing can be made in the folders of recording and report",
        settings={
            "LEAKWATCH_RECORD": "/proc/self/record.jsonl",
            "LEAKWATCH_REPORT": "/sys/report.html",
        },
        says=(RECORDING, PAGE),
        told=LEAK,
    ),
    Fault(
        name="report_is_a_link",
        story="the report's path is a link to another file",
        strike=report_is(link),
        settings=REPORT,
        told=LEAK,
        says=(PAGE,),
        then=precious_is_whole,
    ),
    Fault(
        name="report_is_a_pipe",
        story="the report's path is a pipe that nobody reads",
        strike=report_is(os.mkfifo),
        settings=REPORT,
        told=LEAK,
        says=(PAGE,),
    ),
    Fault(
        name="report_is_a_folder",
        story="the report's path is a folder",
        strike=report_is(os.mkdir),
        settings=REPORT,
        told=LEAK,
        says=(PAGE,),
    ),
    Fault(
        name="report_is_a_device",
        story="the report's path is a device",
        settings={"LEAKWATCH_REPORT": "/dev/full"},
        told=LEAK,
        says=(PAGE,),
    ),
    Fault(
        name="record_in_a_device",
        story="the recording's folder is a device",
        settings={"LEAKWATCH_RECORD": "/dev/null/record"},
        told=LEAK,
        says=(RECORDING,),
    ),
)
