"""Long forms travel compressed; a page that could hold a stranger's words beside a token never does."""

from __future__ import annotations

import brotli
import pytest
from flask.testing import FlaskClient

pytestmark = pytest.mark.usefixtures("summit")

FORMS = ("/sv/slots/siptex-1030/book", "/en/commitment/sign")
TAKES_BROTLI = {"Accept-Encoding": "br"}


@pytest.mark.parametrize("form", FORMS)
def test_an_empty_form_comes_compressed_to_a_third(client: FlaskClient, form: str) -> None:
    plain = client.get(form)
    packed = client.get(form, headers=TAKES_BROTLI)

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "br"
    assert packed.vary.as_set() == {"accept-encoding", "cookie"}
    assert len(brotli.decompress(packed.data)) == pytest.approx(len(plain.data), abs=100)
    assert 3 * len(packed.data) < len(plain.data)


@pytest.mark.parametrize("address", ["/sv/slots/siptex-1030/book?x=a-guess", "/sv/my", "/sv/slots/unknown/book"])
def test_what_may_hold_a_strangers_words_or_is_an_error_comes_plain(client: FlaskClient, address: str) -> None:
    assert "Content-Encoding" not in client.get(address, headers=TAKES_BROTLI).headers


def test_a_form_that_comes_back_with_what_was_typed_comes_plain(client: FlaskClient) -> None:
    answer = client.post(FORMS[0], data={"name": "a guess"}, headers=TAKES_BROTLI)
    assert "Content-Encoding" not in answer.headers
