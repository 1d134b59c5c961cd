# Baton with its runtime dependencies: `docker compose build`, or `docker build -t baton .`
FROM python:3.13-slim-bookworm AS build

RUN python -m venv /opt/baton
ENV PATH=/opt/baton/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /source

# Dependencies come first: a change of Baton's own code reuses their layer.
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

# Baton looks for baton.toml and files with functions in /srv/baton, and writes nothing there.
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin baton \
  && mkdir /srv/baton
COPY --from=build /opt/baton /opt/baton
ENV PATH=/opt/baton/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /srv/baton
USER baton

ENTRYPOINT ["baton"]
CMD ["--help"]
