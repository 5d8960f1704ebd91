"""Where the broker is and how to be let in."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import AgentError

if TYPE_CHECKING:
    import ssl


class BrokerError(AgentError):
    """The broker's settings cannot work."""

    code = "bad_mqtt_settings"


class Protocol(StrEnum):
    """Which MQTT to speak; AUTO tries 5 first."""

    AUTO = "auto"
    V5 = "5"
    V311 = "3.1.1"


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """An encrypted connection. Without `ca_file` the machine's authorities count; `insecure` trusts all."""

    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    insecure: bool = False

    def context(self) -> ssl.SSLContext:
        """Return the TLS context; raise `BrokerError` naming the file that does not do."""
        import ssl  # megabytes that a broker without encryption does not need

        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ValueError) as error:
            raise _unusable("certificate authority", self.ca_file, error) from None
        # Python 3.13 began to refuse the form of certificates that a home makes for itself.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if self.certificate_file is not None:
            try:
                context.load_cert_chain(self.certificate_file, self.key_file, password=_no_passphrase)
            except (OSError, ValueError) as error:
                raise _unusable("client certificate", self.certificate_file, error) from None
        elif self.key_file is not None:
            raise BrokerError(
                "There is a key for MQTT, but no client certificate.", hint="Name its certificate as well."
            )
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


@dataclass(frozen=True, slots=True)
class BrokerOptions:
    """A broker. `client_id` must be the same at every start, and no other client's."""

    host: str
    port: int = 1883
    client_id: str = "dwarf-agent"
    username: str = ""
    password: str = field(default="", repr=False)
    protocol: Protocol = Protocol.AUTO
    tls: TlsOptions | None = None
    keepalive_s: int = 30


def _no_passphrase() -> str:
    raise ValueError("the key is protected by a passphrase")


def _unusable(what: str, file: Path | None, error: Exception) -> BrokerError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return BrokerError(
        f"The {what} for MQTT cannot be used ({file}): {reason}.",
        hint="Give a readable PEM file.",
    )
