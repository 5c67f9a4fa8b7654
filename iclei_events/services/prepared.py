"""Statements that a rush repeats: compiled once for each kind of database, their values handed to the driver."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from sqlalchemy import ClauseElement, Connection, CursorResult, Dialect

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import SQLCompiler

Values = Mapping[str, Any]


class Prepared:
    """A Core statement whose text is always the same; its parameters have the types that SQLAlchemy knows for them.

    Everything else that SQLAlchemy does at each execution is done once: a third of what a booking took. Rows come as
    the driver gives them, so whoever selects more than numbers and text executes the statement the usual way.
    """

    def __init__(self, statement: ClauseElement, columns: Sequence[str] | None = None) -> None:
        """``columns``: those of a plain ``INSERT``, all that a model would fill in by itself among them."""
        self._statement = statement
        self._columns = columns
        self._compiled: dict[str, _Compiled] = {}

    def execute(self, connection: Connection, values: Values | Sequence[Values]) -> CursorResult[Any]:
        """Run it with values by the parameters' names, or once for each of several."""
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _compile(self._statement, self._columns, dialect)
        if isinstance(values, Mapping):
            return connection.exec_driver_sql(compiled.text, compiled.parameters(values))
        return connection.exec_driver_sql(compiled.text, [compiled.parameters(each) for each in values])


class _Compiled(NamedTuple):
    """``order``: the names of the parameters where the driver counts them, None where it names them too."""

    text: str
    constants: Values
    processors: Mapping[str, Callable[[Any], Any]]
    order: Sequence[str] | None

    def parameters(self, values: Values) -> Any:
        given = {**self.constants, **values}
        for name, process in self.processors.items():
            given[name] = process(given[name])
        return given if self.order is None else tuple([given[name] for name in self.order])


def _compile(statement: ClauseElement, columns: Sequence[str] | None, dialect: Dialect) -> _Compiled:
    made = cast("SQLCompiler", statement.compile(dialect=dialect, column_keys=columns))
    unknown = {name: None for parameter, name in made.bind_names.items() if parameter.required}
    state = made.construct_expanded_state(unknown)  # lists of constants, such as IN has, become single parameters
    constants = {name: value for name, value in state.parameters.items() if name not in unknown}
    processors = {
        name: process
        for parameter, name in made.bind_names.items()
        if (process := parameter.type.dialect_impl(dialect).bind_processor(dialect)) and name in state.parameters
    }
    return _Compiled(state.statement, constants, {**processors, **state.processors}, state.positiontup)
