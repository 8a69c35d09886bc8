# rtrade in a container. `compose.yaml` runs it beside Postgres.
FROM python:3.11-slim AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --wheel-dir /wheels .

FROM python:3.11-slim
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels rtrade \
    && useradd --create-home --uid 1000 rtrade \
    && install -d -o rtrade -g rtrade /workspace
USER rtrade
WORKDIR /workspace
VOLUME /workspace
# Kernels outlive the container: they are compiled once for a workspace.
ENV RTRADE_CACHE=/workspace/.rtrade
ENTRYPOINT ["rtrade"]
CMD ["--help"]
