"""The report page: one file that opens from disk, in two languages."""

from __future__ import annotations

from narvaro.publish.report.page import render_page

__all__ = ["render_page"]
