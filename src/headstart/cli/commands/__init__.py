"""What each command takes; what it does is imported when it runs, so that a help page takes no time."""

from headstart.cli.commands.measured import check, curves
from headstart.cli.commands.models import export, models, predict, rank
from headstart.cli.commands.published import advise, cost
from headstart.cli.commands.studies import demo, fit, report, study
from headstart.cli.commands.words import explain, strategies

COMMANDS = (  # in the order of the help page
    study,
    fit,
    demo,
    report,
    predict,
    export,
    models,
    check,
    rank,
    curves,
    advise,
    cost,
    strategies,
    explain,
)

__all__ = ["COMMANDS"]
