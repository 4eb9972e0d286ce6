"""The supervisor as a process of its own: `python -m deploy.local all|infrastructure [--until-stdin-closes]`."""

import argparse
import sys

from rich.console import Console

from deploy.local.processes import StackError
from deploy.local.progress import PlainLines
from deploy.local.settings import StackSettings
from deploy.local.stack import Extent, run_until_told


def main() -> None:
    """Run the stack until told to stop; exit code 1, with the reason on the standard error, if it cannot come up."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    parser.add_argument("extent", choices=[str(extent) for extent in Extent])
    parser.add_argument("--until-stdin-closes", action="store_true", help="stop when the starter of this process ends")
    arguments = parser.parse_args()
    try:
        watch = PlainLines(Console(force_terminal=False))
        run_until_told(
            StackSettings(), Extent(arguments.extent), watch, until_stdin_closes=arguments.until_stdin_closes
        )
    except StackError as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
