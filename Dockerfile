# reconciler in an image for CI: every dependency pinned by hash, no root, git for `review`, and the scripts that pipelines call.
FROM python:3.12-slim-bookworm@sha256:782412e85d0f0984994c290652577d4018aff08145c85b262bb63dc0c7522254 AS built
WORKDIR /source
COPY ci/requirements.txt ci/requirements-policy.txt ci/
RUN python -m venv /opt/reconciler \
    && /opt/reconciler/bin/pip install --no-cache-dir --require-hashes --only-binary :all: \
        --requirement ci/requirements.txt --requirement ci/requirements-policy.txt
COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY reconciler reconciler
RUN /opt/reconciler/bin/pip install --no-cache-dir --no-deps --no-index --no-build-isolation .

FROM python:3.12-slim-bookworm@sha256:782412e85d0f0984994c290652577d4018aff08145c85b262bb63dc0c7522254
# Debian keeps one version of git in a release, and takes older ones away: pinning it would break the next build.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home reconciler
COPY --from=built /opt/reconciler /opt/reconciler
COPY --chmod=0755 ci/pipeline /usr/local/bin/reconciler-pipeline
COPY --chmod=0755 ci/keep-state /usr/local/bin/reconciler-keep-state
# A checkout that the runner made belongs to another user than the one in here, and is read all the same; but what looks like a
# repository among the files of a branch is none.
RUN git config --system --add safe.directory '*' \
    && git config --system safe.bareRepository explicit
ENV PATH=/opt/reconciler/bin:$PATH RECONCILER_INPUT=0 PYTHONDONTWRITEBYTECODE=1
USER 10001
WORKDIR /work
ENTRYPOINT ["reconciler"]
CMD ["--help"]
