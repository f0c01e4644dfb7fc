# One image for every service of Närvaro; docker-compose.yml says what each of them runs.
# The tag is pinned; where policy wants it, pin the digest too (docs/deployment.md, "Pin the images").
FROM python:3.13.9-slim-bookworm AS build

# A mirror or a private index is an argument of the build; a hash pins what is installed, not where it comes from.
ARG PIP_INDEX_URL
ARG UV_DEFAULT_INDEX
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /opt/narvaro
COPY requirements-bootstrap.lock deploy/requirements.lock ./
# The installer has an environment of its own, so that it does not travel with the image.
RUN python -m venv /opt/installer \
    && /opt/installer/bin/pip install --no-cache-dir --require-hashes -r requirements-bootstrap.lock \
    && python -m venv --without-pip .venv \
    && /opt/installer/bin/uv pip install --no-cache --python .venv/bin/python --require-hashes -r requirements.lock
COPY pyproject.toml README.md ./
COPY plugins plugins
# The build tools are in requirements.lock as well: nothing is fetched here.
RUN /opt/installer/bin/uv pip install --no-cache --python .venv/bin/python --no-deps --no-build-isolation --offline --editable . \
    && .venv/bin/python -m compileall -q plugins


FROM python:3.13.9-slim-bookworm

LABEL org.opencontainers.image.title="Närvaro" \
    org.opencontainers.image.description="From municipal school systems to disclosure-safe county statistics" \
    org.opencontainers.image.licenses="EUPL-1.2"

# User 999 is also PostgreSQL's and Redis's in their images: one owner for all secret files (docs/adr/0052).
# The folders exist in the image so that a new named volume starts with the right owner and mode.
RUN groupadd --gid 999 narvaro \
    && useradd --uid 999 --gid 999 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin narvaro \
    && install --directory --owner 999 --group 999 --mode 0700 \
        /var/lib/narvaro /var/lib/narvaro/published /var/lib/narvaro/mail /var/lib/airflow /var/log/airflow

WORKDIR /opt/narvaro
COPY --from=build /opt/narvaro/.venv .venv
COPY --from=build /opt/narvaro/plugins plugins
COPY pyproject.toml README.md ./
COPY config config
COPY dags dags
COPY dbt dbt
COPY expectations expectations
COPY deploy deploy

ENV PATH=/opt/narvaro/.venv/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    AIRFLOW_HOME=/var/lib/airflow \
    NARVARO_PROJECT_DIR=/opt/narvaro \
    NARVARO_HOME=/var/lib/narvaro

USER 999:999
ENTRYPOINT ["/opt/narvaro/deploy/entrypoint"]
CMD ["narvaro", "--help"]
