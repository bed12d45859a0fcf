"""The command ``leakwatch`` of Scrapy."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from scrapy.commands import BaseRunSpiderCommand, ScrapyCommand
from scrapy.exceptions import UsageError

from scrapy_leakwatch.commands.exits import ERROR, CommandError

if TYPE_CHECKING:
    import argparse

    from scrapy.settings import Settings

NAMES = (
    "run",
    "report",
    "show",
    "why",
    "diff",
    "history",
    "bill",
    "top",
    "attach",
    "doctor",
)


class Subcommand(Protocol):
    """What the module of a subcommand has."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Say what it takes."""

    def run(self, opts: argparse.Namespace, settings: Settings, process: Any) -> int:
        """Do it, and return the exit code."""


class Command(BaseRunSpiderCommand):
    """Finds memory leaks in crawls, in recordings of them, and between two."""

    requires_project = False

    def syntax(self) -> str:
        """Return what follows the name."""
        return f"<{'|'.join(NAMES)}> [options]"

    def short_desc(self) -> str:
        """Return what it is for, for the list of commands."""
        return "Find memory leaks: crawl under watch, show, compare, attach"

    def long_desc(self) -> str:
        """Return what it is for."""
        return (
            "Crawls under watch, reads recordings of such crawls, compares two, and"
            " looks into crawls that run. Each subcommand has a --help of its own."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the subcommands, each with Scrapy's own options."""
        subparsers = parser.add_subparsers(
            dest="subcommand", metavar="subcommand", prog="scrapy leakwatch"
        )
        for name in NAMES:
            module = _subcommand(name)
            subparser = subparsers.add_parser(
                name,
                help=module.HELP,
                description=module.HELP,
                formatter_class=parser.formatter_class,
                conflict_handler="resolve",
            )
            module.add_arguments(subparser)
            base = BaseRunSpiderCommand if name == "run" else ScrapyCommand
            base.add_options(self, subparser)

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Check the options, and set what Scrapy needs to know early."""
        if opts.subcommand is None:
            raise UsageError
        if args:
            raise UsageError(f"unrecognized arguments: {' '.join(args)}")
        settings = cast("Settings", self.settings)
        if opts.subcommand == "run":
            super().process_options(args, opts)
            if opts.spider.endswith(".py"):
                settings.set("SPIDER_LOADER_WARN_ONLY", True, priority="command")
            return
        ScrapyCommand.process_options(self, args, opts)
        self.requires_crawler_process = False
        if not (opts.logfile or opts.loglevel):  # Scrapy 2.12 begins a log anyway
            settings.set("LOG_ENABLED", False, priority="cmdline")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:  # noqa: ARG002
        """Run the subcommand."""
        settings = cast("Settings", self.settings)
        try:
            self.exitcode = _subcommand(opts.subcommand).run(
                opts, settings, self.crawler_process
            )
            sys.stdout.flush()
        except CommandError as error:
            sys.stderr.write(f"{error}\n")
            self.exitcode = ERROR
        except KeyboardInterrupt:
            sys.stderr.write("\n")
            self.exitcode = ERROR
        except BrokenPipeError:  # such as `| head`
            _write_no_more()
        except OSError as error:
            if error.filename is not None:  # no file but the output has no name
                raise
            sys.stderr.write(f"can't write: {error.strerror}\n")
            self.exitcode = ERROR
            _write_no_more()


def _write_no_more() -> None:
    """Have what is left to print vanish, not fail as Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _subcommand(name: str) -> Subcommand:
    return cast("Subcommand", import_module(f"scrapy_leakwatch.commands.{name}"))
