"""Airflow DAGs: land every source of the county on its own schedule."""

from narvaro.county import load_county
from narvaro.orchestration.factories import landing_dag
from narvaro.settings import Settings

county = load_county(Settings.from_env().config_dir)
for source in county.enabled_sources:
    # Airflow finds DAGs among the file's global names.
    globals()[f"land_{source.name}"] = landing_dag(county, source)
