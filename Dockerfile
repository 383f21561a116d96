# docker build --build-arg TORCH_INDEX=ADDRESS --tag gatescope .
# docker run --read-only --tmpfs /tmp --publish 8000:8000 gatescope
# docs/deployment.md says how to fix the base image by its digest and the packages by their hashes.
ARG BASE_IMAGE=python:3.11-slim

FROM ${BASE_IMAGE} AS build
# Address of PyTorch's index of CPU builds. Without it PyPI's build is taken, gigabytes larger for its CUDA libraries.
ARG TORCH_INDEX=""
ENV PIP_EXTRA_INDEX_URL=${TORCH_INDEX} PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv --without-pip /opt/gatescope
COPY constraints.txt requirements.tx[t] ./
# With requirements.txt, which has hashes, nothing else gets in; without it, the versions of constraints.txt do.
RUN --mount=type=cache,target=/root/.cache/pip \
    if [ -f requirements.txt ]; then \
        pip --python /opt/gatescope install --require-hashes --requirement requirements.txt; \
    fi && \
    pip --python /opt/gatescope install --constraint constraints.txt setuptools
COPY pyproject.toml README.md LICENSE NOTICES.md ./
COPY app app
COPY models models
COPY static static
COPY templates templates
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/gatescope install --constraint constraints.txt --no-build-isolation .

FROM ${BASE_IMAGE}
RUN useradd --system --no-create-home gatescope
COPY --from=build /opt/gatescope /opt/gatescope
# pip has compiled the byte code; nothing is written while the server runs but the compiled kernels, once, to /tmp.
ENV GATESCOPE_HOST=0.0.0.0 NUMBA_CACHE_DIR=/tmp/numba PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /tmp
USER gatescope
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["/opt/gatescope/bin/python", "-c", \
    "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ.get(\"GATESCOPE_PORT\", 8000)}/healthz', timeout=4)"]
ENTRYPOINT ["/opt/gatescope/bin/gatescope"]
CMD ["serve"]
