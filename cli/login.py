"""`hotline login`: whom the following commands act as. Development only: the key is the stack's own."""

from __future__ import annotations

import click

from chassis.identity import Role
from cli import output, session
from deploy.local.settings import StackSettings
from hotline.casework.v1 import casework_service_pb2 as pb

_ADMIN = session.Person("00000000-0000-0000-0000-000000000000", (Role.ADMIN,))


@click.command()
@click.option(
    "--as", "role", type=click.Choice([role.value for role in Role if role is not Role.SERVICE]), required=True
)
@click.option("--staff", "staff_id", help="The staff id, where several people have the role; else the first by name.")
@click.option("--json", "as_json", is_flag=True)
@session.asynchronous
async def login(role: str, staff_id: str | None, as_json: bool) -> None:
    """Act as a person with ROLE from now on, in every command that follows: on the local stack."""
    session.only_here()
    async with session.stub("casework", _ADMIN) as casework:
        answer = await casework.ListStaff(pb.ListStaffRequest(role=role), timeout=session.TIMEOUT)
    people = sorted((p for p in answer.staff if staff_id in (None, p.staff_id)), key=lambda p: p.name)
    if not people and role != Role.ADMIN:
        raise click.ClickException(
            f"nobody on the staff has the role {role}" + (f" and the id {staff_id}" if staff_id else "")
        )
    person = session.Person(people[0].staff_id, tuple(people[0].roles)) if people else _ADMIN
    session.log_in(StackSettings(), person)
    if as_json:
        output.as_json({"subject": person.subject, "roles": list(person.roles)})
    else:
        name = people[0].name if people else "the administrator of this development stack"
        click.echo(f"You act as {name} ({', '.join(person.roles)}), staff id {person.subject}.")
