"""What the log may hold of our requests: a method, an address without its query, a status."""

from __future__ import annotations

import logging
import re

import httpx

_LISTS = """
    absences activities attendanceEvents attendanceSchedule attendances calendarEvents duties grades groups
    organisations persons placements programmes resources rooms schoolUnitOfferings studyplans subscriptions syllabuses
"""
_ID = re.compile(rf"(?<=/)({'|'.join(_LISTS.split())})/(?!lookup$)[^/]+.*", re.DOTALL)
# Each speaks for a layer below httpx; a filter holds for one logger and not for those below it.
_WIRE_LOGGERS = ("httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks")
# urllib3 tells whole addresses, and the lines of an answer that it could not read.
_CARRIER_LOGGERS = tuple(f"urllib3.{name}" for name in ("connection", "connectionpool", "response", "util.retry"))


def without_ids(path: str) -> str:
    """Give a path that ends before an id: of an object its kind may be told, not which."""
    return _ID.sub(r"\1/{id}", path)


def hide_queries() -> None:
    """Make the client log no query, whatever level anyone sets; adding the same filter twice does nothing."""
    logging.getLogger("httpx").addFilter(_address_hider)
    for name in _WIRE_LOGGERS + _CARRIER_LOGGERS:
        logging.getLogger(name).addFilter(_header_hider)


class _AddressHider(logging.Filter):
    """Takes queries and ids out of the addresses that httpx logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; it always passes."""
        if isinstance(record.args, tuple):
            record.args = tuple(_shown(value) if isinstance(value, httpx.URL) else value for value in record.args)
        return True


class _HeaderHider(logging.Filter):
    """Leaves only the first word of the wire's events: their details hold queries, headers, cookies and links."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; it always passes."""
        record.msg, record.args = record.getMessage().partition(" ")[0], ()
        record.exc_info = record.exc_text = None
        return True


_address_hider = _AddressHider()
_header_hider = _HeaderHider()


def _shown(url: httpx.URL) -> str:
    """Give an address as it may be logged."""
    port = f":{url.port}" if url.port else ""
    return f"{url.scheme}://{url.host}{port}{without_ids(url.path)}"
