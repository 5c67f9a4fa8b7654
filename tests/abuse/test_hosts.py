"""Host names and proxies that are not ours (rows H01 and R02): nothing is ever made from what somebody else sent."""

from __future__ import annotations

from typing import Final

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder, run_wsgi_app

from iclei_events.db import db
from iclei_events.models import OutboxMail
from iclei_events.services.delivery import deliver_due
from iclei_events.web import host_names
from tests.clients import Page
from tests.letters import html_of, text_of
from tests.post_office import PostOffice
from tests.residents import Resident, make_slot

pytestmark = pytest.mark.database("sqlite")

FORWARDED: Final = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Port": "666",
    "X-Forwarded-For": "203.0.113.7",
    "X-Original-URL": "/sv/staff/",
    "X-Rewrite-URL": "/sv/staff/",
    "Forwarded": "host=evil.example;proto=https",
}


# H01
@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "", "localhost.evil.example", "localhost@evil.example", "localhost:80@evil.example",
        "localhost, evil.example", "localhost:port", "localhost:99999", "evil.example:80", "[::1", "localhost/..",
        "localhost.", " localhost", "a" * 5000, "\xff",
    ],
)  # fmt: skip
def test_a_host_that_is_not_ours_gets_an_error_page_of_ours(client: FlaskClient, host: str) -> None:
    for path in ("/", "/en/", "/en/malmo-summit", "/nowhere"):
        answer = client.get(path, headers={"Accept-Language": "en"}, environ_overrides={"HTTP_HOST": host})
        assert answer.status_code == 400, path
        assert Page(answer).heading == "We could not read that"
        assert "evil" not in answer.get_data(as_text=True) + str(answer.headers)


# H01
def test_a_request_without_a_host_is_refused_too(client: FlaskClient) -> None:
    environ = EnvironBuilder("/sv/").get_environ()
    del environ["HTTP_HOST"]

    assert run_wsgi_app(client.application, environ)[1] == "400 BAD REQUEST"


# H01
@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_our_own_names_are_ours_in_any_spelling(client: FlaskClient, summit: None, host: str) -> None:
    assert client.get("/sv/", environ_overrides={"HTTP_HOST": host}).status_code == 200


def test_a_load_balancer_may_ask_for_health_by_address(client: FlaskClient) -> None:
    for path in ("/healthz", "/readyz"):
        assert client.get(path, environ_overrides={"HTTP_HOST": "10.0.0.7:8000"}).status_code == 200


def told(own: str, host: str) -> str:
    """The name under which a site that is called ``own`` sees a request for ``host``."""

    def application(environ: dict[str, object], _start: object) -> list[bytes]:
        return [b"refused" if environ.get(host_names.FOREIGN) else str(environ["HTTP_HOST"]).encode()]

    site = host_names.answer_as(own, {host_names.name_of(own)}, application)
    return b"".join(site({"HTTP_HOST": host, "PATH_INFO": "/sv/"}, lambda *_: print)).decode()


def test_in_production_the_machines_own_names_are_not_names_of_the_site() -> None:
    assert told("summit.example", "summit.example:443") == "summit.example:443"
    assert {told("summit.example", host) for host in ("localhost", "127.0.0.1", "203.0.113.9")} == {"refused"}


@pytest.mark.parametrize(
    ("base_url", "host"),
    [
        ("https://summit.example", "summit.example"),
        ("https://Summit.Example:8443/", "summit.example:8443"),
        ("https://malmö.example", "xn--malm-8qa.example"),
    ],
)
def test_the_sites_own_name_is_read_as_browsers_write_it(base_url: str, host: str) -> None:
    assert host_names.host_of(base_url) == host


@pytest.mark.parametrize("base_url", ["", "summit.example", "https://", "https://user@summit.example", "https:/x"])
def test_a_site_without_a_name_of_its_own_does_not_start(base_url: str) -> None:
    with pytest.raises(ValueError, match="BASE_URL must be an address"):
        host_names.host_of(base_url)


def test_a_demo_that_listens_on_every_network_answers_to_any_address_and_to_no_name() -> None:
    assert told("0.0.0.0:8000", "192.0.2.7:8000") == "192.0.2.7:8000"
    assert told("[::]:8000", "[2001:db8::7]:8000") == "[2001:db8::7]:8000"
    assert told("0.0.0.0:8000", "evil.example:8000") == "refused"
    assert told("127.0.0.1:8000", "192.0.2.7:8000") == "refused"


# H01, R02
def test_what_forwarding_headers_claim_is_not_believed(client: FlaskClient, summit: None) -> None:
    plain, claimed = (client.get("/en/malmo-summit/tours", headers=headers) for headers in ({}, FORWARDED))
    moved = client.get("/en/malmo-summit", headers=FORWARDED)

    assert claimed.data == plain.data
    assert "evil" not in claimed.get_data(as_text=True)
    assert moved.location == "http://localhost/en/malmo-summit/"
    assert client.get("/sv/staff/", headers=FORWARDED).location == "/sv/staff/sign-in?next=/sv/staff/"


# H01, A08
def test_links_in_mail_carry_the_configured_address(app: Flask, post_office: PostOffice) -> None:
    amira = Resident(app)
    amira.headers = FORWARDED
    amira.book(make_slot(app))
    amira.submit(amira.open("/sv/my"), "Skicka mina bokningar", email="amira@example.org")
    with app.app_context():
        assert db.session.scalar(db.select(db.func.count()).select_from(OutboxMail)) == 2
        deliver_due(app.config["MAIL_URL"])

    assert len(post_office.mails) == 2
    for mail in post_office.mails:
        assert "evil" not in mail.as_string()
        assert "http://localhost/sv/bookings/" in text_of(mail)
        assert 'href="http://localhost/sv/bookings/' in html_of(mail)
