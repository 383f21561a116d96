# docker build --build-arg TORCH_INDEX=ADDRESS --tag gatescope .
# docker run --read-only --tmpfs /tmp --publish 8000:8000 gatescope
ARG PYTHON=3.11

FROM python:${PYTHON} AS build
# Address of PyTorch's index of CPU builds. Without it PyPI's build is taken, gigabytes larger for its CUDA libraries.
ARG TORCH_INDEX=""
WORKDIR /src
COPY Makefile constraints.txt pyproject.toml README.md LICENSE NOTICES.md ./
COPY scripts scripts
COPY app app
COPY models models
COPY static static
COPY templates templates
RUN --mount=type=cache,target=/root/.cache/pip \
    PIP_EXTRA_INDEX_URL="${TORCH_INDEX}" make install VENV=/opt/gatescope EDITABLE=

FROM python:${PYTHON}-slim
RUN useradd --system --no-create-home gatescope
COPY --from=build /opt/gatescope /opt/gatescope
# pip has compiled the byte code; nothing is written while the server runs but the compiled kernels, once, to /tmp.
ENV GATESCOPE_HOST=0.0.0.0 GATESCOPE_PORT=8000 NUMBA_CACHE_DIR=/tmp/numba PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /tmp
USER gatescope
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["/opt/gatescope/bin/python", "-c", \
    "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"GATESCOPE_PORT\"]}/healthz', timeout=4)"]
ENTRYPOINT ["/opt/gatescope/bin/gatescope"]
CMD ["serve"]
