# Two images: `docker build .` serves and retrains; `docker build --target serve .` only serves.
FROM python:3.11-slim-bookworm AS build
# The compiler of the stable distribution, whichever patch it has today.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
# One pip fills the environments from outside, so that they have none. `lighten` leaves what only builds and debugging need.
RUN python -m venv /tools \
    && printf '%s\n' '#!/bin/sh -e' \
        'pip --python /venv/bin/python uninstall --quiet --yes cython setuptools' \
        'find /venv -type d -name tests -path "*/site-packages/*/*" -prune -exec rm -r {} +' \
        'find /venv -name "*.so" -not -path "*.libs/*" -exec strip --strip-debug {} +' > /tools/bin/lighten \
    && chmod +x /tools/bin/lighten
ENV PATH=/tools/bin:$PATH \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv --without-pip /venv && mkdir /state
WORKDIR /src
COPY requirements-serve.lock ./
RUN pip --python /venv/bin/python install --require-hashes -r requirements-serve.lock

FROM build AS serve-venv
COPY pyproject.toml README.md ./
COPY app ./app
COPY training ./training
RUN pip --python /venv/bin/python install --no-deps --no-build-isolation . && lighten

FROM build AS train-venv
COPY requirements-train.lock ./
RUN pip --python /venv/bin/python install --require-hashes -r requirements-train.lock
COPY pyproject.toml README.md ./
COPY app ./app
COPY training ./training
RUN pip --python /venv/bin/python install --no-deps --no-build-isolation . && lighten

FROM python:3.11-slim-bookworm AS base
ENV PATH=/venv/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    RASID_HOST=0.0.0.0 \
    RASID_PORT=8000 \
    RASID_STATE=/rasid/state
WORKDIR /rasid
# An empty volume takes over what is here, with its owner.
COPY --from=build --chown=10001:10001 /state ./state
COPY --chown=10001:10001 models ./models
VOLUME ["/rasid/models", "/rasid/state"]
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import http.client, os; asked = http.client.HTTPConnection('127.0.0.1', int(os.environ['RASID_PORT']), timeout=4); asked.request('GET', '/readyz'); raise SystemExit(asked.getresponse().status != 200)"]
CMD ["rasid", "serve"]

FROM base AS serve
COPY --from=serve-venv /venv /venv

FROM base AS train
COPY data ./data
COPY --from=train-venv /venv /venv
