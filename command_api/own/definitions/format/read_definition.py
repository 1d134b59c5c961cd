"""Reads a document in Baton's own format."""

from dataclasses import dataclass, replace
from typing import Final

from baton.command_api.commands.signing_secrets import SigningSecrets
from baton.command_api.own.definitions.format.fault_places import in_document
from baton.command_api.own.definitions.format.findings import Findings, Members
from baton.command_api.own.definitions.format.read_steps import read_steps
from baton.command_api.own.definitions.format.read_trigger import TriggersRead, read_triggers
from baton.command_api.own.definitions.format.render_steps import render_steps
from baton.command_api.own.definitions.format.render_trigger import render_triggers
from baton.command_api.own.definitions.format.vocabulary import (
    DEFINITION,
    DEFINITION_LATER,
    FORMAT,
    READ_ONLY,
)
from baton.domain.definition.graph import Graph
from baton.domain.definition.messages import Body, Status
from baton.domain.definition.slug import is_slug
from baton.domain.definition.validation import faults_of
from baton.domain.errors import Fault
from baton.domain.json import JsonObject

_STATUSES: Final[tuple[Status, ...]] = ("active", "draft", "paused")
BAD_SLUG: Final = "must be 1 to 63 characters of a-z, 0-9 and -"


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionRead:
    """A document as it was read.

    `slug` and `status` are None where the document doesn't name them. `unknown` are the members
    that the format doesn't know.
    """

    slug: str | None
    name: str
    description: str | None
    title: str | None
    status: Status | None
    trigger: TriggersRead
    graph: Graph
    unknown: tuple[Fault, ...] = ()

    @property
    def secrets(self) -> SigningSecrets:
        """The signing secrets of its webhooks."""
        return self.trigger.secrets

    def in_document(self, fault: Fault) -> Fault:
        """Return a fault of the domain at its place in the document."""
        return in_document(fault, self.graph, self.trigger.places)

    def created(self) -> Body:
        """Return the body of a new definition, which is active unless the document says else."""
        return Body(
            name=self.name,
            description=self.description,
            title=self.title,
            status=self.status or "active",
            trigger=self.trigger.triggers[0],
            more_triggers=self.trigger.triggers[1:],
            graph=self.graph,
        )

    def replacing(self, before: Body) -> Body:
        """Return the body of the next version.

        It keeps what the format has no words for, and the status if the document doesn't name one.
        """
        same_steps = render_steps(self.graph) == render_steps(before.graph)
        given = self.created()
        if render_triggers(given.triggers) == render_triggers(before.triggers):
            given = replace(given, trigger=before.trigger, more_triggers=before.more_triggers)
        return replace(
            given,
            status=self.status or before.status,
            graph=before.graph
            if same_steps
            else replace(self.graph, loop_limit=before.graph.loop_limit),
            annotations=before.annotations,
        )


def read_definition(document: JsonObject) -> tuple[DefinitionRead, list[Fault]]:
    """Return the document as read, and its faults; with faults, it is read only in part.

    The faults are those of the document alone: `faults_of_rules` checks the rules of the domain.
    """
    findings = Findings()
    members = Members(document, (), findings)
    members.only((*DEFINITION, *READ_ONLY), DEFINITION_LATER)
    if members.value.get("format", FORMAT) != FORMAT or members.value.get("format") is True:
        members.fault(f"must be {FORMAT}", "format")
    trigger = read_triggers(members)
    read = DefinitionRead(
        slug=_slug(members),
        name=members.text("name", required=True, literal=True) or "",
        description=members.text("description", literal=True),
        title=members.text("title", literal=True),
        status=members.choice("status", _STATUSES),
        trigger=trigger,
        graph=read_steps(members),
        unknown=tuple(findings.unknown),
    )
    return read, findings.faults


def faults_of_rules(read: DefinitionRead, body: Body | None = None) -> list[Fault]:
    """Return the faults by the rules of the domain, at their places in the document.

    Args:
        read: The document.
        body: The body that it was made into, by default that of a new definition.
    """
    return [read.in_document(fault) for fault in faults_of(body or read.created())]


def _slug(members: Members) -> str | None:
    slug = members.text("slug")
    if slug is not None and not is_slug(slug):
        members.fault(BAD_SLUG, "slug")
    return slug
