# The page, the API and the schedule, without the lab, which has no login. docs/deploy.md says how to start it.
#
# A base by its digest:  docker build --build-arg BASE=python:3.11-slim-bookworm@sha256:… .
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements/server.txt requirements/build.txt requirements/
RUN python -m venv /opt/tonearm && python -m venv /opt/build \
    && /opt/tonearm/bin/pip install --require-hashes --only-binary :all: -r requirements/server.txt \
    && /opt/build/bin/pip install --require-hashes --only-binary :all: -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/build/bin/python -m hatchling build -t wheel -d /wheels \
    && /opt/tonearm/bin/pip install --no-deps --no-index /wheels/*.whl

FROM ${BASE}
# implicit needs OpenMP, and pictures as PNG need a font. Debian keeps one version of each per release.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o 10001 -g 10001 -m 0700 /home/tonearm /backups
COPY --from=build /opt/tonearm /opt/tonearm
COPY --chmod=0755 deploy/container/start /usr/local/bin/start
# Nothing is written but the home and /tmp, so that the root may be read-only.
ENV PATH=/opt/tonearm/bin:$PATH \
    TONEARM_HOME=/home/tonearm \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /tmp
VOLUME /home/tonearm
EXPOSE 9696
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9696/health', timeout=4)"]
CMD ["start", "up"]
