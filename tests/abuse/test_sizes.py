"""Bodies that are too large, packed, endless or no form at all (rows S and F19), at every address that takes a form."""

from __future__ import annotations

import gzip
import io
import json
import time
import tracemalloc
from typing import Final
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.clients import Page
from tests.insider import Insider, everything_stored, make_insider

pytestmark = pytest.mark.database("sqlite")

MEGABYTE: Final = 2**20
FORM: Final = "application/x-www-form-urlencoded"
CHUNKED: Final = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": None}


@pytest.fixture
def insider(app: Flask, summit: None) -> Insider:
    return make_insider(app)


class Endless:
    """A body that never ends; counts what was read of it."""

    given = 0

    def read(self, size: int = -1) -> bytes:
        size = min(size, 65536) if size > 0 else 65536
        self.given += size
        return b"a" * size


# S01
def test_a_body_of_a_hundred_megabytes_is_refused_unread(insider: Insider) -> None:
    for endpoint, path in insider.acts().items():
        body = Endless()
        environ = {"wsgi.input": body, "CONTENT_LENGTH": str(100 * MEGABYTE)}
        answer = insider.client.post(path, content_type=FORM, environ_overrides=environ)
        assert (answer.status_code, body.given) == (413, 0), endpoint


# S01
@pytest.mark.parametrize("content_type", [FORM, "multipart/form-data; boundary=x"])
def test_a_body_without_end_is_refused_once_it_is_too_large(client: FlaskClient, content_type: str) -> None:
    tracemalloc.start()
    body, start = Endless(), time.process_time()
    answer = client.post("/sv/my", content_type=content_type, environ_overrides={**CHUNKED, "wsgi.input": body})
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert answer.status_code == 413
    assert body.given <= MEGABYTE
    assert used < 10 * MEGABYTE
    assert time.process_time() - start < 1


# S01
def test_a_body_in_chunks_that_ends_in_time_is_read(client: FlaskClient, summit: None) -> None:
    page = Page(client.get("/sv/my"))
    body = urlencode({**page.fields(), "email": "amira@example.org"}).encode()
    answer = client.post("/sv/my", content_type=FORM, environ_overrides={**CHUNKED, "wsgi.input": io.BytesIO(body)})

    assert answer.status_code == 303


# S02
@pytest.mark.parametrize("many", ["fields", "parts", "one large field", "a file that begins with line breaks"])
def test_too_many_or_too_large_parts_are_refused_at_little_cost(client: FlaskClient, summit: None, many: str) -> None:
    part = 'Content-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    bodies = {
        "fields": (FORM, "&".join(f"a{number}=1" for number in range(10_000))),
        "parts": ("multipart/form-data; boundary=x", "--x\r\n" + "--x\r\n".join(
            part.format(f"a{number}", 1) for number in range(3_000)
        ) + "--x--\r\n"),
        "one large field": ("multipart/form-data; boundary=x", f"--x\r\n{part.format('name', 'a' * 200_000)}--x--\r\n"),
        "a file that begins with line breaks": (
            "multipart/form-data; boundary=x",
            '--x\r\nContent-Disposition: form-data; name="name"; filename="a"\r\n\r\n' + "\r\n" * 150_000 + "\r\n--x--",
        ),
    }  # fmt: skip
    content_type, body = bodies[many]
    start = time.process_time()
    answer = client.post("/sv/my", data=body, content_type=content_type)

    assert answer.status_code == 413
    assert time.process_time() - start < 0.4


# S04, F19
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", json.dumps({"email": "amira@example.org"})),
        ("application/json", "[" * 100_000),
        ("application/json", "[1, 2]"),
        ("application/json", '{"email": ' + "9" * 100_000 + ', "x": NaN, "y": 1e400, "x": 1}'),
        ("application/vnd.api+json", "{}"),
        ("text/plain", "email=amira@example.org"),
        ("application/xml", "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"),
        ("multipart/mixed; boundary=x", "--x\r\n"),
    ],
)
def test_what_is_no_form_is_no_form_even_with_a_good_token(insider: Insider, content_type: str, body: str) -> None:
    headers = {"X-CSRFToken": insider.token()}
    before = everything_stored(insider.app)
    for endpoint, path in insider.acts().items():
        answer = insider.client.post(path, data=body, content_type=content_type, headers=headers)
        assert answer.status_code == 415, endpoint
    assert everything_stored(insider.app) == before


# S05
def test_a_packed_form_is_refused(insider: Insider) -> None:
    packed = gzip.compress(urlencode({"csrf_token": insider.token(), "email": "amira@example.org"}).encode())
    for endpoint, path in insider.acts().items():
        for coding in ("gzip", "br", "deflate", "compress, gzip"):
            answer = insider.client.post(path, data=packed, content_type=FORM, headers={"Content-Encoding": coding})
            assert answer.status_code == 415, (endpoint, coding)


# F19, N08
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disp"),
        ("multipart/form-data", b"--x\r\n"),
        (FORM, b"&&&"),
        (FORM, b"name=\xff\xfe"),
        (FORM, b"name=%ff"),
        (FORM, b"name=%ed%a0%80"),
        (FORM, b"%ff=name"),
        (FORM, b"email=a%40example.org&email=b%40example.org"),
        ("", b"email=a%40example.org"),
    ],
)  # fmt: skip
def test_a_broken_form_is_refused_even_with_a_good_token(insider: Insider, content_type: str, body: bytes) -> None:
    headers = {"X-CSRFToken": insider.token()}
    before = everything_stored(insider.app)
    for endpoint, path in insider.acts().items():
        answer = insider.client.post(path, data=body, content_type=content_type, headers=headers)
        assert answer.status_code == 400, endpoint
    assert everything_stored(insider.app) == before


# F19
def test_no_body_at_all_stores_nothing(insider: Insider) -> None:
    before = everything_stored(insider.app)
    for endpoint, path in insider.acts().items():
        assert insider.client.post(path).status_code in {403, 422}, endpoint
    assert everything_stored(insider.app) == before
