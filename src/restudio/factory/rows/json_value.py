"""Values of rows as outputs of activities hold them: what JSON can say."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from restudio.factory.properties import Json
from restudio.factory.rows.conversion import Conversion

MAX_BYTES = 4 << 20
"""Of the output of an activity that looks something up."""
MAX_ROWS = 5000


def json_value(value: Any) -> Json:
    """A cell as JSON: whole decimals are integers, moments ISO 8601, bytes Base64."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return json_value(float(value)) if value % 1 else int(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(name): json_value(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_value(each) for each in value]
    return Conversion().text(value)
