"""Checks of the way in: who is let in, what headers say, how errors are told."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from narvaro.sources.ss12000.probe.check import Check, critical, warning
from narvaro.sources.ss12000.probe.evidence import Evidence

_REFUSALS = (401, 403)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def checks_of_doors(evidence: Evidence) -> Iterator[Check]:
    """Give the checks."""
    yield from _access(evidence)
    yield from _headers(evidence)
    yield from _errors(evidence)


def _access(evidence: Evidence) -> Iterator[Check]:
    """Give the checks of who is let in, and how."""
    log = evidence.log
    is_local = urlsplit(log.base_url).hostname in _LOOPBACK
    yield critical(
        "door.tls",
        log.is_encrypted or is_local,
        "TLS" if log.is_encrypted else "no TLS" + (", on this machine only" if is_local else ""),
        "Serve https only: answers hold civic numbers.",
    )
    for name, status in (("no", evidence.door_without_token), ("wrong", evidence.door_with_wrong_token)):
        yield critical(
            f"door.{name}-token",
            None if status is None else status in _REFUSALS,
            f"{status or 'no answer'} to a client with {name} token",
            "Answer 401 to whoever has no valid token.",
        )


def _headers(evidence: Evidence) -> Iterator[Check]:
    """Give the checks of what stands above an answer."""
    log, clock = evidence.log, evidence.capabilities.clock
    yield warning(
        "header.date",
        log.dated == log.answers,
        f"a Date header on {log.dated} of {log.answers} answers",
        "Send Date: it tells your clock, from which the next night's reading begins.",
    )
    yield warning(
        "header.clock",
        None if clock is None else clock == "in_step",
        "the server's clock is not known" if clock is None else f"the server's clock is {_words(clock)}",
        "Keep the server's clock by NTP.",
    )
    yield warning(
        "header.content-type",
        log.other_pages == 0,
        f"{log.json_pages} answers as JSON, {log.other_pages} not said to be",
        "Send Content-Type: application/json.",
    )
    yield warning(
        "header.compression",
        log.compressed > 0,
        f"{log.compressed} of {log.answers} answers compressed",
        "Compress with gzip when the client accepts it: a night is gigabytes of repeating text.",
    )


def _errors(evidence: Evidence) -> Iterator[Check]:
    """Give the checks of errors."""
    shapes = evidence.log.error_shapes
    strange = shapes.total() - shapes["standard"] - shapes["empty"]
    yield warning(
        "error.shape",
        strange == 0,
        f"{shapes['standard']} errors with code and message, {shapes['empty']} without a body, {strange} otherwise",
        "Answer errors as {code, message}; never repeat a value of the request in the message.",
    )
    yield critical(
        "error.unknown-token",
        evidence.strange["page token"] != "answered",
        f"a page token that was never given: {evidence.strange['page token'].replace('_', ' ')}",
        "Answer 400 or 410 to a token that is unknown or expired, never a page: rows would be lost in silence.",
    )
    for name, what in (("id", "an id"), ("list", "a list")):
        yield warning(
            f"error.unknown-{name}",
            evidence.strange[name] in ("not_served", "refused"),
            f"{what} that does not exist: {evidence.strange[name].replace('_', ' ')}",
            "Answer 404.",
        )


def _words(text: str) -> str:
    """Write a word of ours for people."""
    return text.replace("_", " ")
