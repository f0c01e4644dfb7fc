"""An issue's letter to the municipality: composing and sending."""
