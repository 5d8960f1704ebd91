# One image for Home Assistant (as an add-on) and for plain containers. docs/container.md explains it.
#
# The base is named here, in full: it must be a Debian with Python 3.11 or newer. The argument is not called
# BUILD_FROM, because older Supervisors pass an Alpine image under that name.
ARG BASE_IMAGE=python:3.13-slim-bookworm

FROM ${BASE_IMAGE} AS build
# "quality" measures frames while they come, and is half of what comes on top of the base; empty leaves it out.
ARG EXTRAS="quality"
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /source
RUN python3 -m venv /app
# The libraries first, so that a new version of the agent downloads nothing again. Wheels only: a Raspberry Pi
# has no compiler here, and should not need one.
COPY pyproject.toml ./
RUN python3 -c "import sys, tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
      print(*p['dependencies'], *(one for name in sys.argv[1:] for one in p['optional-dependencies'][name]), sep='\n')" \
      ${EXTRAS} > requirements.txt \
    && /app/bin/pip install --only-binary :all: -r requirements.txt
COPY README.md LICENSE ./
COPY agent agent
RUN /app/bin/pip install --no-deps . \
    && /app/bin/pip uninstall --yes setuptools pip \
    && find /app -type d -name tests -prune -exec rm -r {} +

FROM ${BASE_IMAGE}
ARG BUILD_VERSION=dev
ARG BUILD_ARCH=amd64
LABEL org.opencontainers.image.title="dwarf-agent" \
      org.opencontainers.image.description="Unattended imaging sessions on DWARFLAB smart telescopes" \
      org.opencontainers.image.source="https://github.com/dwarf-agent/dwarf-agent" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${BUILD_VERSION}" \
      io.hass.type="app" \
      io.hass.version="${BUILD_VERSION}" \
      io.hass.arch="${BUILD_ARCH}"
ENV PATH="/app/bin:${PATH}" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DWARF_DEFAULT_SESSIONS_DIR=/sessions
# Empty folders that a named volume takes its owner from.
RUN mkdir /config /sessions \
    && chown 1000:1000 /config /sessions
COPY --from=build /app /app
# Python's own modules come without bytecode in some bases, and nothing can write it later: what the agent and
# its health check use would be compiled at every start.
RUN env -u PYTHONDONTWRITEBYTECODE python3 -c "import agent.app.run, agent.app.page_side, agent.cli.container" \
    && env -u PYTHONDONTWRITEBYTECODE dwarf-agent --help >/dev/null
# Paths in the settings are relative to this folder: an add-on's `Astro_Sessions` is /config/Astro_Sessions.
WORKDIR /config
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["dwarf-agent", "status", "--health"]
# Starts as root, and at once becomes the owner of the sessions folder where it can: agent/cli/container.py.
ENTRYPOINT ["python3", "-m", "agent.cli.container"]
CMD ["run"]
