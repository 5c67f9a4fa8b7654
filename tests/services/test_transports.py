"""Speaking to mail servers: encrypted where that can be had, the password never in the clear."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from iclei_events.services import transports
from iclei_events.services.mail_headers import POLICY
from iclei_events.services.transports import DeferredError, RefusedError, ServerAwayError, connected

KEY_AND_CERTIFICATE = """
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgj2x1bf7TWmAPTqLv
D2nqBrZiuJdS4xgeG+a1q8EMHFqhRANCAAT0/nAaEiEHwNVoSst1GuXAdnRl6bY1
4LQEoocd5ujiUbLGMP9CTfUMAOL7O8afo5pYspg/DIMo5I/7n+FDtqVc
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBojCCAUegAwIBAgIUN9kpNfqpes9gmz9M8qoH0Cb466QwCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMbWFpbC5leGFtcGxlMCAXDTI2MTEyMjAzMjQ1OVoYDzIxMjYx
MDI5MDMyNDU5WjAXMRUwEwYDVQQDDAxtYWlsLmV4YW1wbGUwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAAT0/nAaEiEHwNVoSst1GuXAdnRl6bY14LQEoocd5ujiUbLG
MP9CTfUMAOL7O8afo5pYspg/DIMo5I/7n+FDtqVco28wbTAdBgNVHQ4EFgQUuVoe
OdCxuzHGJR11L4XKpgWftwAwHwYDVR0jBBgwFoAUuVoeOdCxuzHGJR11L4XKpgWf
twAwDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEw
CgYIKoZIzj0EAwIDSQAwRgIhALuuCup3tnpkO4wE9zdqfktOf9SX5Ib1NErhnFDn
jMniAiEAgieMT/GjvoB676FJaVImf0jcOzIQgXl5BCmBupKrUbA=
-----END CERTIFICATE-----
"""
"""For 127.0.0.1, made for these tests and used nowhere else."""


class Server:
    """A mail server that remembers who signed in and over what."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.signed_in: list[tuple[bytes, bytes]] = []
        self.encrypted: list[bool] = []

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.signed_in.append((data.login, data.password))
        return AuthResult(success=data.password == b"p@ss word", handled=False)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        content: Any = envelope.content
        self.mails.append(content)
        transport: Any = server.transport
        self.encrypted.append(transport.get_extra_info("sslcontext") is not None)
        return "250 OK"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    file = tmp_path / "certificate.pem"
    file.write_text(KEY_AND_CERTIFICATE.strip())
    return file


@pytest.fixture
def server() -> Server:
    return Server()


def serve(server: Server, **options: Any) -> Controller:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {"auth_require_tls": False, **options}
    controller = Controller(
        server, hostname="127.0.0.1", port=port, authenticator=server.authenticate, ready_timeout=10, **options
    )
    controller.start()
    return controller


@pytest.fixture
def plain(server: Server) -> Iterator[int]:
    controller = serve(server)
    yield controller.port
    controller.stop()


@pytest.fixture
def with_starttls(server: Server, certificate: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    controller = serve(server, tls_context=context, auth_require_tls=True)
    yield controller.port
    controller.stop()


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if 127.0.0.1 were another machine."""
    monkeypatch.setattr(transports, "LOOPBACK", frozenset())


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if an authority had issued the server's certificate."""
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(ssl, "create_default_context", lambda *_, **__: context)


def message() -> EmailMessage:
    one = EmailMessage(policy=POLICY)
    one["From"] = "Malmö Summit <summit@example.org>"
    one["To"] = "eva@example.org"
    one.set_content("hej\n")
    return one


def send(url: str) -> None:
    with connected(url) as transport:
        transport.send(message(), "eva@example.org", "name")


def test_a_server_on_this_machine_is_spoken_to_plainly(server: Server, plain: int) -> None:
    send(f"smtp://127.0.0.1:{plain}")

    assert server.encrypted == [False]


def test_name_and_password_are_given_as_they_were_meant(server: Server, plain: int) -> None:
    send(f"smtp://user%40example.org:p%40ss%20word@127.0.0.1:{plain}")

    assert server.signed_in == [(b"user@example.org", b"p@ss word")]
    assert len(server.mails) == 1


def test_a_wrong_password_is_the_servers_matter_and_not_the_mails(server: Server, plain: int) -> None:
    with pytest.raises(ServerAwayError, match="answered 535"):
        send(f"smtp://user:wrong@127.0.0.1:{plain}")


@pytest.mark.usefixtures("elsewhere")
def test_no_password_goes_to_a_server_without_encryption(server: Server, plain: int) -> None:
    with pytest.raises(ServerAwayError, match="the password was not sent"):
        send(f"smtp://user:secret@127.0.0.1:{plain}")

    assert server.signed_in == []


@pytest.mark.usefixtures("elsewhere", "trusted")
def test_encryption_is_used_where_it_is_offered(server: Server, with_starttls: int) -> None:
    send(f"smtp://user:p%40ss%20word@127.0.0.1:{with_starttls}")

    assert server.encrypted == [True]
    assert server.signed_in == [(b"user", b"p@ss word")]


@pytest.mark.usefixtures("elsewhere")
def test_a_server_that_cannot_show_who_it_is_gets_nothing(server: Server, with_starttls: int) -> None:
    with pytest.raises(ServerAwayError, match="SSLCertVerificationError"):
        send(f"smtp://user:p%40ss%20word@127.0.0.1:{with_starttls}")

    assert (server.mails, server.signed_in) == ([], [])


@pytest.mark.usefixtures("trusted")
def test_smtps_is_encrypted_from_the_first_word(server: Server, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    controller = serve(server, ssl_context=context)
    try:
        send(f"smtps://127.0.0.1:{controller.port}")
    finally:
        controller.stop()

    assert server.encrypted == [True]


def test_many_mails_go_over_one_connection(server: Server, plain: int) -> None:
    with connected(f"smtp://127.0.0.1:{plain}") as transport:
        for _ in range(3):
            transport.send(message(), "eva@example.org", "name")

    assert len(server.mails) == 3


def test_a_server_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    class Hanging(Server):
        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
            await server.loop.run_in_executor(None, time.sleep, 1)
            return "250 OK"

    monkeypatch.setattr(transports, "SECONDS", 0.3)
    controller = serve(Hanging())
    try:
        with pytest.raises(ServerAwayError, match="SMTPServerDisconnected"):
            send(f"smtp://127.0.0.1:{controller.port}")
    finally:
        controller.stop()


@pytest.mark.parametrize(
    ("answer", "error"),
    [("550 no such user", RefusedError), ("553 bad name", RefusedError), ("450 busy", DeferredError)],
)
def test_what_the_server_says_of_a_recipient(answer: str, error: type[Exception]) -> None:
    class Picky(Server):
        async def handle_RCPT(  # noqa: N802
            self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
        ) -> str:
            return answer

    controller = serve(Picky())
    try:
        with pytest.raises(error):
            send(f"smtp://127.0.0.1:{controller.port}")
    finally:
        controller.stop()


def test_a_folder_that_cannot_be_written_is_a_server_that_is_away(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ServerAwayError, match="the folder cannot be written"):
        send(f"file:{tmp_path / 'file' / 'mail'}")


def test_the_same_mail_twice_is_one_file(tmp_path: Path) -> None:
    send(f"file:{tmp_path}")
    send(f"file:{tmp_path}")

    assert [file.name for file in tmp_path.iterdir()] == ["name.eml"]
