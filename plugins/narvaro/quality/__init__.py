"""Run a suite on a load or a mart; quarantine rows; give a verdict."""
