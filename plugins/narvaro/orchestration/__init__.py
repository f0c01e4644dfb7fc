"""The night as steps and as Airflow DAGs; the only room that imports Airflow."""
