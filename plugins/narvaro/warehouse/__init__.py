"""The restricted store: loading, dbt, reading."""
