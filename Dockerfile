FROM python:3.11-slim-bookworm AS built
WORKDIR /build
RUN python3 -m venv /opt/promos
COPY requirements/run.txt requirements/
RUN /opt/promos/bin/pip install --no-cache-dir --require-hashes -r requirements/run.txt
COPY . .
RUN /opt/promos/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home promos && install -d -o promos /var/lib/promos
COPY --from=built /opt/promos /opt/promos
ENV PATH=/opt/promos/bin:$PATH PYTHONUNBUFFERED=1 PROMOS_DATA_DIR=/var/lib/promos
USER promos
WORKDIR /var/lib/promos
VOLUME /var/lib/promos
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python3", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
ENTRYPOINT ["promos"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
