"""The operational state: loads, cursors, verdicts, issues, letters, releases."""
