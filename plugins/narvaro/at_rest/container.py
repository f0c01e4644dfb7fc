"""A sealed file: pieces under AES-256-GCM, each bound to its place and to the file, so that any of them can be read."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from narvaro.errors import PrivacyError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from _typeshed import ReadableBuffer, WriteableBuffer

MAGIC = b"NARVSEA1"
KEY_ID_BYTES = 8
_SALT_BYTES = 32
HEADER_BYTES = len(MAGIC) + KEY_ID_BYTES + _SALT_BYTES
PIECE_BYTES = 64 * 1024
_TAG_BYTES = 16
_NUMBER_BYTES = 11


class _Cipher:
    """The cipher of one file; its key is made from the store's key and the file's salt and is used for nothing else."""

    def __init__(self, key: bytes, header: bytes) -> None:
        salt = header[-_SALT_BYTES:]
        self._cipher = AESGCM(HKDF(SHA256(), 32, salt, b"narvaro/at-rest/1").derive(key))
        self._header = header

    def seal(self, piece: bytes, number: int, *, is_last: bool) -> bytes:
        """Seal a piece as the number-th of its file."""
        return self._cipher.encrypt(_nonce(number, is_last=is_last), piece, self._header)

    def unseal(self, sealed: bytes, number: int, *, is_last: bool) -> bytes:
        """Unseal a piece; one of another place, another file or a shortened file is refused."""
        return self._cipher.decrypt(_nonce(number, is_last=is_last), sealed, self._header)


class SealedWriter(io.RawIOBase):
    """Writes an existing file as it is to lie at rest; it is whole once it has been closed."""

    def __init__(self, path: Path, key_id: bytes, key: bytes) -> None:
        super().__init__()
        header = MAGIC + key_id + os.urandom(_SALT_BYTES)
        self._cipher = _Cipher(key, header)
        self._file: BinaryIO = path.open("wb")
        self._file.write(header)
        self._waiting = bytearray()
        self._number = 0
        self._taken = 0

    def writable(self) -> bool:
        """Tell that it can be written."""
        return True

    def tell(self) -> int:
        """Give how many bytes it has taken."""
        return self._taken

    def write(self, content: ReadableBuffer) -> int:
        """Take bytes; the last piece waits, for it must be known to be the last."""
        taken = memoryview(content).nbytes
        self._waiting += memoryview(content).cast("B")
        while len(self._waiting) > PIECE_BYTES:
            self._put(bytes(self._waiting[:PIECE_BYTES]), is_last=False)
            del self._waiting[:PIECE_BYTES]
        self._taken += taken
        return taken

    def close(self) -> None:
        """Write the last piece."""
        if self.closed:
            return
        try:
            self._put(bytes(self._waiting), is_last=True)
        finally:
            self._file.close()
            super().close()

    def _put(self, piece: bytes, *, is_last: bool) -> None:
        """Seal a piece and write it."""
        self._file.write(self._cipher.seal(piece, self._number, is_last=is_last))
        self._number += 1


class SealedReader(io.RawIOBase):
    """Reads a sealed file at any place, unsealing only the pieces that are asked for.

    Raises:
        PrivacyError: the key is not there, or the file is not as it was written.
    """

    def __init__(self, path: Path, key_of: Callable[[bytes], bytes]) -> None:
        super().__init__()
        self._path = path
        self._file = path.open("rb", buffering=0)
        header = self._file.read(HEADER_BYTES)
        self._cipher = _Cipher(key_of(key_id_of(header)), header)
        sealed_bytes = os.fstat(self._file.fileno()).st_size - HEADER_BYTES
        self._pieces = -(-sealed_bytes // (PIECE_BYTES + _TAG_BYTES))
        self.size = sealed_bytes - self._pieces * _TAG_BYTES
        self._at = 0
        self._kept: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be read at any place."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in what was sealed."""
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        return self._at

    def tell(self) -> int:
        """Give the place."""
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read from the place on."""
        view = memoryview(buffer).cast("B")
        wanted = max(0, min(len(view), self.size - self._at))
        done = 0
        while done < wanted:
            number, start = divmod(self._at, PIECE_BYTES)
            part = self._piece(number)[start : start + wanted - done]
            view[done : done + len(part)] = part
            done += len(part)
            self._at += len(part)
        return done

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
        super().close()

    def _piece(self, number: int) -> bytes:
        """Unseal a piece, or give the one that was asked for last."""
        if self._kept[0] != number:
            place = HEADER_BYTES + number * (PIECE_BYTES + _TAG_BYTES)
            sealed = os.pread(self._file.fileno(), PIECE_BYTES + _TAG_BYTES, place)
            try:
                self._kept = (number, self._cipher.unseal(sealed, number, is_last=number == self._pieces - 1))
            except InvalidTag:
                message = f"{self._path}: not as it was sealed, or sealed by another key. Restore it from its backup."
                raise PrivacyError(message) from None
        return self._kept[1]


def key_id_of(header: bytes) -> bytes:
    """Give the public name of the key in a sealed file's first bytes."""
    return header[len(MAGIC) : len(MAGIC) + KEY_ID_BYTES]


def _nonce(number: int, *, is_last: bool) -> bytes:
    """Give a piece's nonce: it is used once under its file's key, and tells the last piece from the others."""
    return number.to_bytes(_NUMBER_BYTES, "big") + bytes([is_last])
