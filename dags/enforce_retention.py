"""Airflow DAG: remove what is older than the county keeps."""

from narvaro.county import load_county
from narvaro.orchestration.retention_dag import retention_dag
from narvaro.settings import Settings

dag = retention_dag(load_county(Settings.from_env().config_dir))
