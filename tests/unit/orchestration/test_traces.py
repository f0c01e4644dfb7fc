from __future__ import annotations

import base64

import pytest

from narvaro.orchestration import traces

NEEDLE = "0123456789abcdef0123456789abcdef"
WRITTEN = {
    "plain": NEEDLE.encode(),
    "capitals": NEEDLE.upper().encode(),
    "utf-16": NEEDLE.encode("utf-16-le"),
    "hexadecimal": NEEDLE.encode().hex().encode(),
    **{f"base64-{n}": base64.b64encode(b"x" * n + NEEDLE.encode() + b"yz"[: n % 3]) for n in range(6)},
}


@pytest.mark.parametrize("form", WRITTEN)
@pytest.mark.parametrize("offset", [0, 5, 29, 61, 64])
def test_text_is_found_in_every_form_and_across_the_edges_of_what_is_read(tmp_path, monkeypatch, form, offset):
    monkeypatch.setattr(traces, "_CHUNK", 64)
    path = tmp_path / "file"
    path.write_bytes(b"." * offset + WRITTEN[form] + b".....")
    assert traces.holds_bytes(path, traces.forms_of(NEEDLE))


@pytest.mark.parametrize("content", [b"", b"0123456789abcdef", NEEDLE[1:].encode(), NEEDLE[::-1].encode()])
def test_other_text_is_not_found(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert not traces.holds_bytes(path, traces.forms_of(NEEDLE))


def test_file_that_has_gone_meanwhile_holds_nothing(tmp_path):
    assert not traces.holds_bytes(tmp_path / "gone", traces.forms_of(NEEDLE))
