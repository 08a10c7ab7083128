# The page, the API and the schedule, without the lab, which has no login. docs/deploy.md says how to start it.
# --target spark adds the engine for more listens than one machine holds.
#
# A base by its digest:  docker build --build-arg BASE=python:3.11-slim-bookworm@sha256:… .
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements/server.txt requirements/build.txt requirements/
RUN python -m venv --without-pip /opt/tonearm && python -m venv /opt/build \
    && /opt/build/bin/pip --python /opt/tonearm/bin/python install --require-hashes --only-binary :all: \
        -r requirements/server.txt \
    && /opt/build/bin/pip install --require-hashes --only-binary :all: -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/build/bin/python -m hatchling build -t wheel -d /wheels \
    && /opt/build/bin/pip --python /opt/tonearm/bin/python install --no-deps --no-index /wheels/*.whl

FROM ${BASE} AS server
# implicit needs OpenMP, and pictures as PNG need a font. Debian keeps one version of each per release.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 tonearm \
    && useradd --uid 10001 --gid 10001 --home-dir /home/tonearm --no-create-home --shell /usr/sbin/nologin tonearm \
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

FROM build AS build-spark
COPY requirements/spark.txt requirements/
# PySpark comes as source, which is copied rather than compiled.
RUN /opt/build/bin/pip --python /opt/tonearm/bin/python install --require-hashes -r requirements/spark.txt
ADD --chmod=0644 --checksum=sha256:088e187da689a347a6a8556dcb22318e3dfcfb995d807f5e2c19b4d0a7ee9499 \
    https://repo1.maven.org/maven2/io/delta/delta-spark_2.12/3.2.1/delta-spark_2.12-3.2.1.jar /jars/
ADD --chmod=0644 --checksum=sha256:4dcc179fc4076bda5060a4038f979c53e1f5916cf04971e28f9441db390763c7 \
    https://repo1.maven.org/maven2/io/delta/delta-storage/3.2.1/delta-storage-3.2.1.jar /jars/
ADD --chmod=0644 --checksum=sha256:131a6594969bc4f321d652ea2a33bc0e378ca312685ef87791b2c60b29d01ea5 \
    https://repo1.maven.org/maven2/org/antlr/antlr4-runtime/4.9.3/antlr4-runtime-4.9.3.jar /jars/
RUN cp /jars/*.jar /opt/tonearm/lib/python3.*/site-packages/pyspark/jars/

FROM server AS spark
USER 0
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends openjdk-17-jre-headless procps \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build-spark /opt/tonearm /opt/tonearm
USER 10001:10001
HEALTHCHECK NONE

# What is built where no target is named.
FROM server
