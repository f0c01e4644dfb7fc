#!/bin/sh
# Make the three databases and the role of each, or set the roles' passwords anew.
# PostgreSQL's image runs it when the data volume is empty; a person runs it again after changing a password.
# Safe to repeat: it creates what is missing and never drops anything.
set -eu
secrets_dir=${SECRETS_DIR:-/run/secrets}
export PGUSER="${POSTGRES_USER:-postgres}" PGDATABASE=postgres

sql() { psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 "$@"; }

# role ROLE PASSWORD_FILE: psql reads the file itself, so that no command line shows the password.
role() {
    [ -r "$secrets_dir/$2" ] || { echo "10-databases.sh: $secrets_dir/$2 cannot be read" >&2; exit 2; }
    sql --set role="$1" --set file="$secrets_dir/$2" <<'SQL'
\set password `cat :'file'`
select format('create role %I login', :'role')
where not exists (select from pg_roles where rolname = :'role') \gexec
set log_statement = 'none';
set log_min_error_statement = 'panic';
alter role :"role" login password :'password';
SQL
}

# database NAME OWNER: nobody but its owner gets in.
database() {
    sql --set name="$1" --set owner="$2" <<'SQL'
select format('create database %I owner %I', :'name', :'owner')
where not exists (select from pg_database where datname = :'name') \gexec
revoke all on database :"name" from public;
SQL
}

role airflow airflow_database_password
role narvaro_ledger ledger_password
role narvaro_publisher published_password
role narvaro_reader published_reader_password
database airflow airflow
database ledger narvaro_ledger
database published narvaro_publisher

# BI tools read what is published, now and later, and can change nothing.
sql --dbname published <<'SQL'
grant connect on database published to narvaro_reader;
create schema if not exists narvaro authorization narvaro_publisher;
grant usage on schema narvaro to narvaro_reader;
grant select on all tables in schema narvaro to narvaro_reader;
alter default privileges for role narvaro_publisher in schema narvaro grant select on tables to narvaro_reader;
alter role narvaro_reader set default_transaction_read_only = on;
alter role narvaro_reader set statement_timeout = '60s';
revoke create on schema public from public;
SQL
