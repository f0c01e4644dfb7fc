"""One file per change of the ledger; a released one is never edited."""
