"""The log's two forms."""

import json

import pytest
import structlog

from iclei_events import logs


@pytest.fixture(autouse=True)
def _as_before() -> object:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def test_as_json_each_event_is_one_object_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    structlog.get_logger().info("delivered", mails=2, odd="two\nlines")
    (line,) = capsys.readouterr().err.splitlines()
    assert {"event": "delivered", "mails": 2, "odd": "two\nlines"}.items() <= json.loads(line).items()


def test_a_form_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ValueError, match="text or json; got 'xml'"):
        logs.configure("xml")
