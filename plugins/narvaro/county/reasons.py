"""Coarse codes of reasons of absence, for a county that has decided to keep any."""

from __future__ import annotations

from pydantic import Field

from narvaro.county.values import Entry, Slug

OTHER_REASON = "annat"


class ReasonCode(Entry):
    """A coarse code, and the parts of words by which a written reason is taken for it."""

    code: Slug = Field(description=f"The code that lands; `{OTHER_REASON}` is what no code fits.")
    words: tuple[str, ...] = Field(
        min_length=1, description="Parts of words, in any case; the first code with one that is in the text is taken."
    )


DEFAULT_REASON_CODES: tuple[ReasonCode, ...] = (
    ReasonCode(code="vard", words=("läkar", "tandläk", "bvc", "sjukhus", "bup", "vårdcentral", "psykolog", "terapi")),
    ReasonCode(
        code="sjuk", words=("sjuk", "feber", "förkyl", "influensa", "hosta", "snuva", "huvudvärk", "kräk", "ont i")
    ),
    ReasonCode(code="ledighet", words=("ledig", "semester", "resa", "begravning", "bröllop", "högtid")),
    ReasonCode(code="sen-ankomst", words=("sen ankomst", "försen", "försov", "kom sent")),
)
