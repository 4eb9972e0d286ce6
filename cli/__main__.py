"""`hotline`: what people and scripts type. A command is imported when it is called, so that none pays for another."""

from __future__ import annotations

import sys
from importlib import import_module

import click

# command: (module, its click object, one line for the map)
COMMANDS = {
    "run": ("cli.run", "run", "Start everything and play a shift on it"),
    "stack": ("cli.stack", "stack", "Start, stop and look at the embedded stack"),
    "status": ("cli.status", "status", "Open promises, queues, backlogs"),
    "login": ("cli.login", "login", "Act as a person with a role (development)"),
    "report": ("cli.report", "report", "Send a report of a file, and see what became of one"),
    "queue": ("cli.triage", "queue", "What waits for a screener, most urgent first"),
    "confirm": ("cli.triage", "confirm", "Confirm what the pack recommends for a report"),
    "override": ("cli.triage", "override", "Decide otherwise than the pack recommends"),
    "decision": ("cli.decision", "decision", "One decision: its history, and what people do with it"),
    "promises": ("cli.promises", "promises", "The promises that are open"),
    "promise": ("cli.promises", "promise", "One promise: its timeline, and what people do with it"),
    "certificate": ("cli.certificates", "certificate", "The certificate of a closed promise, or all of an office"),
    "on-call": ("cli.workforce", "on_call", "Who is on in each office, and why they"),
    "rotations": ("cli.workforce", "rotations", "Whose turn comes after whose"),
    "office": ("cli.office", "office", "How an office keeps its word to those who call"),
    "why": ("cli.why", "why", "Why was it late? All that was promised under a reference number, and what took time"),
    "verify": ("cli.verify", "verify", "Check certificates, independently of the platform"),
    "downtime-book": (
        "cli.downtime_book",
        "downtime_book",
        "What is owed and who is on, encrypted, for a time without",
    ),
    "messages": ("cli.messages", "messages", "What people were told, and trying once more what failed"),
    "facts": ("cli.facts", "facts", "Facts that are stuck between services, and the ways out"),
    "workflows": ("cli.workflows", "workflows", "Go over to another build of the workflows"),
    "screen": ("cli.policy", "screen", "Screen facts by a pack and explain the decision"),
    "due": ("cli.policy", "due", "When something is due, and how that is computed"),
    "packs": ("cli.policy", "packs", "List, check, compare, sign and learn packs"),
    "replay": ("cli.replay", "replay", "Evaluate recorded decisions again, and see what another pack would change"),
    "scenario": ("cli.scenario", "scenario", "Check and play shifts that are written as files"),
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name, _ = COMMANDS[cmd_name]
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Hotline: contacts, decisions and promises of a child-protection hotline."""


def main() -> None:
    """The console script. Exit codes: 0 done, 1 it did not hold, 2 the call was wrong or refused."""
    try:
        cli(prog_name="hotline")
    except SystemExit as end:
        if "temporalio" in sys.modules and isinstance(end.code, int):
            from workflows.temporal import leave  # here, because only those commands pay for it that have it anyway

            leave(end.code)
        raise


if __name__ == "__main__":
    main()
