"""Where mail goes: to a mail server, or in the demo into a folder."""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

SECONDS: Final = 15
"""How long one answer of a mail server is waited for; a lease (see delivery) is far longer."""

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
PERMANENT: Final = 500
"""From this SMTP code on, trying again does not help (RFC 5321 4.2.1)."""


class RefusedError(Exception):
    """The server will not take this mail, ever. ``code`` is its SMTP code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"refused with {code}")
        self.code = code


class DeferredError(Exception):
    """The server will not take this mail now, such as for a full mailbox or greylisting."""

    def __init__(self, code: int) -> None:
        super().__init__(f"deferred with {code}")
        self.code = code


class ServerAwayError(Exception):
    """The server cannot be reached, hangs or takes no mail at all; says how, without naming anybody."""


class Transport(Protocol):
    """Sends one message to one recipient. Raises one of the errors above; else the message has been taken."""

    def send(self, message: EmailMessage, recipient: str, name: str) -> None:
        """``name`` is one that a file may have, the same at every try."""


@contextmanager
def connected(mail_url: str) -> Iterator[Transport]:
    """The transport that ``MAIL_URL`` names: ``file:DIR``, ``smtp://…`` or ``smtps://…``."""
    url = urlsplit(mail_url)
    if url.scheme == "file":
        yield Folder(Path(unquote(mail_url.removeprefix("file:").removeprefix("//"))))
        return
    if url.scheme not in {"smtp", "smtps"} or not url.hostname:
        raise ValueError(f"MAIL_URL begins with smtp://, smtps:// or file:, not {url.scheme}:")
    server = MailServer(url)
    try:
        yield server
    finally:
        server.leave()


@dataclass(frozen=True, slots=True)
class Folder:
    """Writes each mail as a file that any mail program opens: whole or not at all, readable by its owner alone."""

    path: Path

    def send(self, message: EmailMessage, recipient: str, name: str) -> None:  # noqa: ARG002  it stands in the message
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            unfinished = self.path / f".{name}.part"
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(message.as_bytes())
            unfinished.replace(self.path / f"{name}.eml")
        except OSError as error:
            raise ServerAwayError(f"the folder cannot be written: {error.strerror}") from error


class MailServer:
    """An SMTP server, spoken to on one connection as long as it lasts. The password never goes out unencrypted."""

    def __init__(self, url: SplitResult) -> None:
        self._url = url
        self._open: smtplib.SMTP | None = None

    def send(self, message: EmailMessage, recipient: str, name: str) -> None:  # noqa: ARG002  a server asks for none
        try:
            if self._open is None:
                self._open = self._connect()
            sender = message["From"].addresses[0].addr_spec
            self._open.sendmail(sender, [recipient], message.as_bytes())
        except smtplib.SMTPRecipientsRefused as error:
            code = error.recipients[recipient][0]
            raise (RefusedError if code >= PERMANENT else DeferredError)(code) from None
        except smtplib.SMTPDataError as error:
            self.leave()
            if error.smtp_code >= PERMANENT:
                raise RefusedError(error.smtp_code) from None
            raise ServerAwayError(f"answered {error.smtp_code}") from None
        except smtplib.SMTPResponseException as error:
            self.leave()
            raise ServerAwayError(f"answered {error.smtp_code}") from None
        except (smtplib.SMTPException, OSError) as error:
            self.leave()
            raise ServerAwayError(type(error).__name__) from None

    def leave(self) -> None:
        """End the connection, politely where the server still listens."""
        if self._open is not None:
            connection, self._open = self._open, None
            try:
                connection.quit()
            except (smtplib.SMTPException, OSError):
                connection.close()

    def _connect(self) -> smtplib.SMTP:
        host = self._url.hostname or ""
        name = "localhost"  # said in EHLO; the machine's own name would be asked of the network
        if self._url.scheme == "smtps":
            trusted = ssl.create_default_context()
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                host, self._url.port or 465, local_hostname=name, timeout=SECONDS, context=trusted
            )
        else:
            connection = smtplib.SMTP(host, self._url.port or 25, local_hostname=name, timeout=SECONDS)
        try:
            self._introduce(connection, host)
        except BaseException:
            connection.close()
            raise
        return connection

    def _introduce(self, connection: smtplib.SMTP, host: str) -> None:
        connection.ehlo()
        if self._url.scheme == "smtp" and connection.has_extn("starttls") and host not in LOOPBACK:
            connection.starttls(context=ssl.create_default_context())
            connection.ehlo()
        if self._url.username is None:
            return
        if not isinstance(connection.sock, ssl.SSLSocket) and host not in LOOPBACK:
            raise ServerAwayError("offers no encryption, so the password was not sent")
        connection.login(unquote(self._url.username), unquote(self._url.password or ""))
