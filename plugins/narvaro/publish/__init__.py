"""Releases and every form in which they leave."""

from __future__ import annotations

from narvaro.publish.release import Release, ReleasedTable, publish_release
from narvaro.publish.serving import published_app, serve_published

__all__ = ["Release", "ReleasedTable", "publish_release", "published_app", "serve_published"]
