FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/lookout && /opt/lookout/bin/pip install --no-cache-dir uv
COPY requirements.lock ./
RUN /opt/lookout/bin/uv pip install --python /opt/lookout/bin/python --no-cache --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY handlers handlers
COPY playbooks playbooks
COPY templates templates
RUN /opt/lookout/bin/uv pip install --python /opt/lookout/bin/python --no-cache --no-deps . \
 && /opt/lookout/bin/python -m compileall -q /opt/lookout/lib

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 lookout
COPY --from=build /opt/lookout /opt/lookout
ENV PATH=/opt/lookout/bin:$PATH LOOKOUT_HOST=0.0.0.0 LOOKOUT_PORT=3000 LOOKOUT_DATABASE_URL=sqlite:////data/lookout.db
RUN install -d -o lookout -g lookout /data
USER lookout
WORKDIR /data
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:3000/healthz', timeout=2)"]
CMD ["lookout", "serve"]
