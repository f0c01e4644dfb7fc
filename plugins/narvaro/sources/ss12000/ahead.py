"""Lets an iterator run ahead of its reader in a thread of its own, by a bounded number of bytes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")

# About eight pages of a thousand rows: enough that neither side waits for the other's batch.
AHEAD_BYTES = 4 * 1024 * 1024


def run_ahead(items: Iterator[Item], size: Callable[[Item], int], most_bytes: int = AHEAD_BYTES) -> Generator[Item]:
    """Give the items of an iterator that works while its reader works; its error comes in its place.

    At most `most_bytes` wait, or one item that is larger. When the reader stops early the
    iterator is closed after the item that it is busy with.
    """
    buffer = _Buffer(size, most_bytes)
    thread = threading.Thread(target=buffer.fill, args=(items,), name="narvaro-fetch", daemon=True)
    thread.start()
    try:
        yield from buffer.items()
    finally:
        buffer.stop()
        thread.join()


class _Buffer(Generic[Item]):
    """What has been made and not yet been read."""

    def __init__(self, size: Callable[[Item], int], most_bytes: int) -> None:
        self._size = size
        self._most_bytes = most_bytes
        self._changed = threading.Condition()
        self._waiting: deque[Item] = deque()
        self._bytes = 0
        self._is_stopped = False
        self._is_done = False
        self._error: BaseException | None = None

    def fill(self, items: Iterator[Item]) -> None:
        """Take items until there are no more, one fails or the reader stops."""
        error: BaseException | None = None
        try:
            for item in items:
                if not self._put(item):
                    break
        except BaseException as failure:  # noqa: BLE001 - it is raised again where the items are read
            error = failure
        with self._changed:
            self._error, self._is_done = error, True
            self._changed.notify_all()

    def items(self) -> Iterator[Item]:
        """Give the items in order, then the error that ended them."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._is_done)
                if not self._waiting:
                    if self._error is not None:
                        raise self._error
                    return
                item = self._waiting.popleft()
                self._bytes -= self._size(item)
                self._changed.notify_all()
            yield item

    def stop(self) -> None:
        """Tell the filling thread that nobody reads any more."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def _put(self, item: Item) -> bool:
        """Add an item once there is room; tells whether anybody still reads."""
        size = self._size(item)
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_stopped or not self._waiting or self._bytes + size <= self._most_bytes
            )
            self._waiting.append(item)
            self._bytes += size
            self._changed.notify_all()
            return not self._is_stopped
