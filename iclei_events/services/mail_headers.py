"""Headers of a mail that reach their reader whole, whatever a name or a title is made of.

Two faults of the standard library's ``EmailPolicy`` are gone round here. Where it folds a text that is not ASCII it
loses spaces. And it decodes what only looks like an encoded word, so that a name such as ``=?utf-8?q?=0D=0ABcc:…?=``
would become a line, and thereby a recipient, of its own.
"""

from __future__ import annotations

from email.header import Header
from email.headerregistry import Address, AddressHeader
from email.policy import EmailPolicy
from typing import Any, Final

from iclei_events.services.plain_text import one_line

LINE: Final = 76


class WholeTexts(EmailPolicy):
    """The SMTP policy, but that texts which are not ASCII are encoded as one (RFC 2047)."""

    def fold(self, name: str, value: Any) -> str:
        if str(value).isascii():
            return str(super().fold(name, value))
        if isinstance(value, AddressHeader):
            encoded = ",\n ".join(f"{_encoded(name, one.display_name)}\n <{one.addr_spec}>" for one in value.addresses)
        else:
            encoded = _encoded(name, str(value))
        return f"{name}: {encoded}\n".replace("\n", self.linesep)

    def fold_binary(self, name: str, value: Any) -> bytes:
        return self.fold(name, value).encode("ascii")


POLICY: Final = WholeTexts(linesep="\r\n")


def in_header(text: str) -> str:
    """The text as a header may have it: one line, and nothing in it that reads as an encoded word."""
    return one_line(text).replace("=?", "= ?")


def address(name: str, email: str) -> Address:
    """A mailbox for From and To; raises ``ValueError`` or its like for an address that is none."""
    local, _, domain = email.rpartition("@")
    return Address(in_header(name), local, domain)


def _encoded(name: str, text: str) -> str:
    return Header(text, "utf-8", header_name=name, maxlinelen=LINE).encode()
