"""Airflow DAG: ask a person about deletions that are held."""

from narvaro.county import load_county
from narvaro.orchestration.decision_dag import decision_dag
from narvaro.settings import Settings

dag = decision_dag(load_county(Settings.from_env().config_dir))
