"""Keep what came: immutable Parquet and a manifest, whole or absent."""
