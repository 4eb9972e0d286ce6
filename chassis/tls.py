"""Mutual TLS by folders: `tls.crt`, `tls.key` and `ca.crt`, as cert-manager and Kubernetes name them.

Whoever is called is told of its folder by `HOTLINE_TLS`; whoever calls, by the address itself: `host:port?tls=FOLDER`.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc

_OPTION = "?tls="


class TlsFilesUnusable(Exception):
    """A folder lacks a file that mutual TLS needs, or holds one that cannot be used."""


@dataclass(frozen=True, slots=True)
class Files:
    """The certificate and key of this process, and the authority that vouches for the other side (PEM)."""

    certificate: bytes
    key: bytes
    authority: bytes


def parted(address: str) -> tuple[str, Path | None]:
    """What to connect to, and the folder of the address if it asks for TLS."""
    target, asked, folder = address.partition(_OPTION)
    return target, Path(folder) if asked else None


def read(folder: Path) -> Files:
    """The three files of a folder; `TlsFilesUnusable` names the one that lacks."""
    return Files(*(_read(folder / name) for name in ("tls.crt", "tls.key", "ca.crt")))


def channel_credentials(folder: Path) -> grpc.ChannelCredentials:
    """For calls: read once, when the channel is made. A renewed certificate is used after the next start."""
    files = read(folder)
    return grpc.ssl_channel_credentials(files.authority, files.key, files.certificate)


def server_credentials(folder: Path) -> grpc.ServerCredentials:
    """For a server that answers only callers whom its authority vouches for; renewed files are used from then on."""
    known = read(folder)

    def renewed() -> grpc.ServerCertificateConfiguration | None:
        nonlocal known
        try:
            found = read(folder)
        except TlsFilesUnusable:
            return None  # amid a renewal: the next connection looks again
        if found == known:
            return None
        known = found
        return _configuration(found)

    return grpc.dynamic_ssl_server_credentials(
        _configuration(known),
        renewed,  # type: ignore[arg-type]  # None says that nothing has changed
        require_client_authentication=True,
    )


def context(folder: Path) -> ssl.SSLContext:
    """For clients that speak TLS by Python's own means: it verifies the other side's name."""
    for name in ("tls.crt", "tls.key", "ca.crt"):
        _read(folder / name)
    try:
        made = ssl.create_default_context(cafile=folder / "ca.crt")
        made.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    except ssl.SSLError as problem:
        raise TlsFilesUnusable(f"the files in {folder} are no certificate, key and authority in PEM") from problem
    return made


def _configuration(files: Files) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(files.key, files.certificate)], files.authority)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise TlsFilesUnusable(
            f"{path} cannot be read ({type(problem).__name__}): the folder of ?tls= or HOTLINE_TLS must hold "
            "tls.crt, tls.key and ca.crt, readable by this process"
        ) from problem
