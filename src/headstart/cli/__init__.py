"""The command line: one module a group of commands, all thin."""

from headstart.cli.app import app, main

__all__ = ["app", "main"]
