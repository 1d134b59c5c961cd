# Baton and what it needs to run, nothing else: `docker compose build`, or `docker build -t baton .`
FROM python:3.13-slim-bookworm AS build

RUN python -m venv /opt/baton
ENV PATH=/opt/baton/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /source

# What changes seldom comes first: a change of Baton's own code installs nothing else anew.
COPY constraints-runtime.txt ./
RUN pip install --require-hashes -r constraints-runtime.txt

COPY pyproject.toml README.md LICENSE ./
COPY backends ./backends
COPY command_api ./command_api
COPY domain ./domain
COPY eventlog ./eventlog
COPY executor ./executor
COPY projector ./projector
COPY protocols ./protocols
COPY scheduler ./scheduler
COPY src ./src
RUN pip install --no-deps --no-build-isolation . \
  && pip uninstall --yes pip

FROM python:3.13-slim-bookworm

# /srv/baton is where baton.toml and files with functions are looked for; nothing is written there.
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin baton \
  && mkdir /srv/baton
COPY --from=build /opt/baton /opt/baton
ENV PATH=/opt/baton/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /srv/baton
USER baton

ENTRYPOINT ["baton"]
CMD ["--help"]
