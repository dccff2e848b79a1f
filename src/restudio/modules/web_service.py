"""Web Service Input and Output: where a graph meets its callers (modules reference, section 5.17)."""

from __future__ import annotations

from dataclasses import dataclass

from restudio.core.errors import ModuleError
from restudio.core.params import text
from restudio.core.spec import Port, PortKind, module, table_out
from restudio.graph.model import WEB_INPUT, WEB_OUTPUT
from restudio.graph.ports import IGNORED, PORT_NAME
from restudio.seams.context import Context
from restudio.tables.table import Table

CATEGORY = "Web Service"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputParams:
    name: str = text(PORT_NAME, "input1", help="The name that callers use; unique among the inputs.")
    ignored: str = text(IGNORED, "", help="Columns that callers need not send, such as the label; separated by commas.")


@module(
    id=WEB_INPUT,
    name="Web Service Input",
    category=CATEGORY,
    outputs=(table_out("dataset"),),
    params=InputParams,
    deterministic=False,
    known_by_running="The data beside it has them.",
)
def web_service_input(p: InputParams, *, ctx: Context) -> Table:
    """Marks where the data of a web-service call enters.

    Connect it to an input port beside the data source of the experiment: the source gives the schema, and a call's
    rows replace its data. In a run of the experiment it does nothing.
    """
    raise ModuleError("0003", f"The web service input '{p.name}' got no data; it is filled by calls of the service.")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputParams:
    name: str = text(PORT_NAME, "output1", help="The name that callers use; unique among the outputs.")


@module(
    id=WEB_OUTPUT,
    name="Web Service Output",
    category=CATEGORY,
    inputs=(Port("dataset", PortKind.ANY),),
    params=OutputParams,
)
def web_service_output(p: OutputParams, dataset: object, *, ctx: Context) -> tuple[()]:
    """Marks what a web service returns.

    On a table port it is a result of request-response and batch calls; on a model port it makes a retraining output,
    which batch execution delivers as an ``.ilearner`` file.

    Example:
      dataset: {age: [41]}
    """
    return ()
