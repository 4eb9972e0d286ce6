"""Packs: a jurisdiction's rules as data, versioned, effective-dated, hashed, sealed and signed.

A pack is a folder `packs/<id>/<version>/` of YAML files whose top-level entries together are one document. A pack may
extend a version of another one and says only what differs. What is hashed and signed is the whole, merged document in
RFC 8785 form, so that no change of a base goes unseen. Same facts and same pack give the same answer for years (R109).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

from policy.calendars import Calendar, calendar_from
from policy.canonical import sha256
from policy.clocks import NO_TIER, Clock, Presence, clock_from, duration_from
from policy.errors import ClockUndefined, PackInvalid, PackMissing, PackNotInForce, PackTampered
from policy.ladders import BY_MAIL, Channel, Extension, Ladder, Rung, Terms, Who
from policy.packfiles import Seal, own_rules, read_document, read_seal, verify, versions

SHIPPED = Path(__file__).resolve().parent.parent / "packs"
DEFAULT_PACK = "seed-default"


@dataclass(frozen=True, slots=True)
class PackRef:
    """Which pack, exactly: what decisions, promises and certificates carry."""

    id: str
    version: str
    sha256: str


@dataclass(frozen=True, eq=False)
class Pack:
    """One version of a pack. `document` is the merged data and is not to be changed.

    `seal` says what was put in force under this version and who signed it; None is a draft.
    """

    id: str
    version: str
    sha256: str
    effective_from: datetime
    effective_to: datetime | None
    document: Mapping[str, Any] = field(repr=False)
    seal: Seal | None = None

    @cached_property
    def ref(self) -> PackRef:
        """This pack as others refer to it."""
        return PackRef(self.id, self.version, self.sha256)

    @property
    def state(self) -> str:
        """How firmly this version stands: `draft`, `sealed` or `signed by KEY`."""
        if self.seal is None:
            return "draft"
        return f"signed by {self.seal.key}" if self.seal.signature else "sealed"

    @property
    def labels(self) -> Mapping[str, str]:
        """The jurisdiction's own words for the neutral codes, such as its names of findings."""
        labels: Mapping[str, str] = self.document["labels"]
        return labels

    @property
    def last_resort(self) -> str:
        """The fixed address that is told when no rung of a ladder can be climbed."""
        return str(self.document["last_resort"])

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of promise this pack has a clock for, in its order."""
        return tuple(self.document["clocks"])

    def has_office(self, office: str) -> bool:
        """Whether this office has anything of its own; one that has not follows the jurisdiction."""
        return office in self._offices

    def calendar(self, office: str | None = None) -> Calendar:
        """The calendar of an office; of the jurisdiction if the office has none of its own."""
        return self._office(office).calendars["office"]

    def clock(
        self, kind: str, tier: str | None = None, office: str | None = None, presence: Presence | None = None
    ) -> Clock:
        """The clock of a kind for this tier, office and owner's presence; `ClockUndefined` if the pack names none."""
        return self._office(office).clock(kind, tier, presence)

    def has_clock(self, kind: str, tier: str | None = None) -> bool:
        """Whether this kind is promised at all at this tier (ON_SCENE, for one, is only at T0)."""
        return kind in self.document["clocks"] and any(
            _applies(due, tier) for due in self.document["clocks"][kind]["due"]
        )

    def ladder(self, kind: str, tier: str | None = None, office: str | None = None) -> Ladder:
        """The ladder of a kind at this tier."""
        rules = self._office(office)
        for choice in rules.kind(kind)["ladder"]:
            if _applies(choice, tier):
                return _ladder_from(choice["use"], rules.ladders[choice["use"]])
        raise ClockUndefined(kind, f"pack {self.id} {self.version} has no ladder for {kind}, tier {tier or NO_TIER}")

    def terms(self, kind: str) -> Terms:
        """What keeps, moves or pauses a promise of this kind."""
        document = self._office(None).kind(kind)
        extension = document.get("extension")
        return Terms(
            stops_on=frozenset(document["stops_on"]),
            late_entry=duration_from(self.document["late_entry"]),
            extension=Extension(**extension) if extension else None,
            pause_reasons=frozenset(document.get("pause_reasons", ())),
            outcomes=frozenset(self.document.get("outcomes", ())),
        )

    def _office(self, office: str | None) -> _OfficeRules:
        rules = self._offices
        return rules.get(office, rules[None])

    @cached_property
    def _offices(self) -> Mapping[str | None, _OfficeRules]:
        """The rules of the jurisdiction (None) and of each office with its own, which win over its county's."""
        own = own_rules(self.document)
        return {
            None: _OfficeRules(self, self.document),
            **{office: _OfficeRules(self, own[f"offices.{office}"]) for office in self.document.get("offices", {})},
        }


class _OfficeRules:
    """Calendars, clocks and ladders as one office has them."""

    def __init__(self, pack: Pack, document: Mapping[str, Any]) -> None:
        self._name = f"{pack.id} {pack.version}"
        self._tiers = tuple(pack.document["tiers"])
        self._clocks: Mapping[str, Any] = document["clocks"]
        self.ladders: Mapping[str, Any] = document["ladders"]
        self.calendars = {name: self._calendar(name, entry) for name, entry in document["calendars"].items()}
        self._chosen: dict[tuple[str, str | None, Presence | None], Clock] = {}

    def kind(self, kind: str) -> Mapping[str, Any]:
        """What the pack says about a kind of promise."""
        if kind not in self._clocks:
            raise ClockUndefined(kind, f"pack {self._name} knows no {kind}; it knows {', '.join(self._clocks)}")
        entry: Mapping[str, Any] = self._clocks[kind]
        return entry

    def _calendar(self, name: str, entry: Mapping[str, Any]) -> Calendar:
        try:
            return calendar_from(entry)
        except (KeyError, ValueError) as error:
            raise PackInvalid([f"{self._name}: calendars.{name}"], f"not a calendar: {error}") from error

    def clock(self, kind: str, tier: str | None, presence: Presence | None) -> Clock:
        """The clock of a kind, kept once it was chosen: every screening asks for several."""
        asked = (kind, tier, presence)
        if asked not in self._chosen:
            self._chosen[asked] = self._choose(kind, tier, presence)
        return self._chosen[asked]

    def _choose(self, kind: str, tier: str | None, presence: Presence | None) -> Clock:
        document = self.kind(kind)
        if tier is not None and tier not in self._tiers:
            message = f"pack {self._name} has no tier {tier}; its tiers are {', '.join(self._tiers)}"
            raise ClockUndefined(kind, message)
        for due in document["due"]:
            if _applies(due, tier) and due.get("presence", presence) == presence:
                return self._clock(kind, document, due)
        asked = f"{kind}, tier {tier or NO_TIER}" + (f", owner {presence}" if presence else "")
        message = f"pack {self._name} has no due time for {asked}: give the tier or presence it depends on"
        raise ClockUndefined(kind, message)

    def _clock(self, kind: str, document: Mapping[str, Any], due: Mapping[str, Any]) -> Clock:
        calendar = document.get("calendar", "office")
        try:
            return clock_from(kind, document, due, self.calendars[calendar])
        except KeyError as error:
            raise PackInvalid([f"{self._name}: clocks.{kind}"], f"there is no calendar {calendar}") from error
        except ValueError as error:
            raise PackInvalid([f"{self._name}: clocks.{kind}"], f"not a clock: {error}") from error


def _instant(document: Mapping[str, Any], entry: str, name: str) -> datetime:
    try:
        return datetime.fromisoformat(document[entry])
    except ValueError as error:
        raise PackInvalid([f"{name}: {entry}"], f"there is no such time: {error}") from error


def _applies(choice: Mapping[str, Any], tier: str | None) -> bool:
    return "tiers" not in choice or (tier or NO_TIER) in choice["tiers"]


def _ladder_from(name: str, document: Mapping[str, Any]) -> Ladder:
    return Ladder(
        name=name,
        rungs=tuple(_rung_from(rung, document.get("how", BY_MAIL)) for rung in document["rungs"]),
        repeat=duration_from(document["repeat"]),
        acknowledgement=duration_from(document["acknowledgement"]),
    )


def _rung_from(document: Mapping[str, Any], how: Sequence[str]) -> Rung:
    return Rung(
        name=document["id"],
        who=Who(document["who"]),
        share=Fraction(document.get("percent", 0), 100),
        delay=duration_from(document.get("after", {})),
        warning=document.get("warning", False),
        acknowledge=document.get("acknowledge", 1),
        how=tuple(Channel(code) for code in document.get("how", how)),
    )


class Packs:
    """Every pack held in a folder; each is read once, when it is first asked for, and refused loudly if it is wrong."""

    def __init__(self, folder: Path = SHIPPED, *, trusted: Path | None = None) -> None:
        """`trusted`: a folder of Ed25519 public keys (`<name>.pem`), of which one must have signed whatever is taken.

        Without it, drafts and sealed packs are taken too, and a signature is checked by the keys beside the packs.
        """
        self._folder = folder
        self._trusted = trusted
        self._read: dict[tuple[str, str], Pack] = {}
        self._taken: dict[tuple[str, str], Pack] = {}
        self._versions = versions(folder)

    def get(self, name: str, version: str | None = None) -> Pack:
        """The pack of this id, in this version or the newest; `PackMissing` if it is not held."""
        held = self._versions.get(name)
        if not held:
            raise PackMissing(name, f"no pack {name} is held; there are {', '.join(sorted(self._versions)) or 'none'}")
        wanted = version or held[-1]
        if wanted not in held:
            raise PackMissing(f"{name}@{wanted}", f"pack {name} is held in the versions {', '.join(held)}")
        if (name, wanted) not in self._taken:
            self._taken[name, wanted] = self._verified(self._load(name, wanted))
        return self._taken[name, wanted]

    def by_sha256(self, sha: str) -> Pack:
        """The pack with this hash; `PackMissing` if it is not held: nothing else may answer in its place."""
        for name, held in sorted(self._versions.items()):
            for version in held:
                if self._load(name, version).sha256 == sha:
                    return self.get(name, version)
        raise PackMissing(
            sha, f"no pack with this hash is held in {self._folder.name}/: install the version that has it"
        )

    def in_force(self, name: str, at: datetime) -> Pack:
        """The version of a pack that was in force at this instant; `PackNotInForce` if none was."""
        self.get(name)
        for version in reversed(self._versions[name]):
            pack = self.get(name, version)
            if pack.effective_from <= at and (pack.effective_to is None or at < pack.effective_to):
                return pack
        first = self.get(name, self._versions[name][0])
        message = f"no version of pack {name} was in force at {at.isoformat()}; the first is {first.version}"
        raise PackNotInForce(name, f"{message}, from {first.effective_from.isoformat()}")

    def all(self) -> tuple[Pack, ...]:
        """Every version of every pack, by id and version."""
        return tuple(pack for name in sorted(self._versions) for pack in self.versions(name))

    def versions(self, name: str) -> tuple[Pack, ...]:
        """Every version of one pack, oldest first."""
        self.get(name)
        return tuple(self.get(name, version) for version in self._versions[name])

    def _load(self, name: str, version: str) -> Pack:
        if (name, version) not in self._read:
            self._read[name, version] = self._read_pack(name, version)
        return self._read[name, version]

    def _read_pack(self, name: str, version: str) -> Pack:
        folder = self._folder / name / version
        document = read_document(self._folder, name, version)
        digest = sha256(document)
        return Pack(
            id=name,
            version=version,
            sha256=digest,
            effective_from=_instant(document, "effective_from", f"{name}/{version}"),
            effective_to=_instant(document, "effective_to", f"{name}/{version}")
            if "effective_to" in document
            else None,
            document=document,
            seal=read_seal(folder, digest),
        )

    def _verified(self, pack: Pack) -> Pack:
        """The pack, if whoever signed it is known; what is not signed at all is for development."""
        name = f"{pack.id}/{pack.version}"
        if pack.seal and pack.seal.signature:
            verify(pack.seal, self._trusted or self._folder / "keys", name)
        elif self._trusted:
            message = f"pack {name} is not signed, and only signed ones are taken here: `hotline packs sign` it"
            raise PackTampered(name, message)
        return pack
