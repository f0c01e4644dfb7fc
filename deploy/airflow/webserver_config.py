# ruff: noqa: INP001 - Airflow reads this file by its path
"""How people log in to Airflow: accounts in Airflow's own database, no public role.

For the region's single sign-on, set AUTH_TYPE to AUTH_OAUTH here; docs/deployment.md says what follows from it.
"""

from flask_appbuilder.const import AUTH_DB

AUTH_TYPE = AUTH_DB
WTF_CSRF_ENABLED = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# Log-in attempts are counted in each server process; there is nothing else to limit.
RATELIMIT_STORAGE_URI = "memory://"
