"""Airflow DAG: send what waits in the outbox."""

from narvaro.county import load_county
from narvaro.orchestration.outbox_dag import outbox_dag
from narvaro.settings import Settings

dag = outbox_dag(load_county(Settings.from_env().config_dir))
