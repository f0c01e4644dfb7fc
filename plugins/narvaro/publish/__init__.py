"""Releases and every form in which they leave."""

from __future__ import annotations

from narvaro.publish.release import Release, ReleasedTable, publish_release

__all__ = ["Release", "ReleasedTable", "publish_release"]
