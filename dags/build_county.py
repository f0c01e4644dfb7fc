"""Airflow DAG: build, check and publish the county, and send the letters."""

from narvaro.county import load_county
from narvaro.orchestration.factories import county_dag
from narvaro.settings import Settings

dag = county_dag(load_county(Settings.from_env().config_dir))
