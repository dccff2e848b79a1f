from __future__ import annotations

import pytest

from restudio.core.errors import Kind, RestudioError
from restudio.factory.activities.azure_ml_execute_pipeline import told_by_code
from restudio.factory.errors import ActivityFailed


@pytest.mark.parametrize(
    ("kind", "code", "status", "failure"),
    [
        (Kind.UNAUTHORIZED, "4121", 401, "UserError"),
        (Kind.FORBIDDEN, "4122", 403, "UserError"),
        (Kind.CONFLICT, "4123", 409, "UserError"),
        (Kind.NOT_FOUND, "4124", 404, "UserError"),
        (Kind.UNAVAILABLE, "4125", 500, "SystemError"),
    ],
)
def test_refusals_have_the_documented_codes(kind: Kind, code: str, status: int, failure: str) -> None:
    with pytest.raises(ActivityFailed) as failed, told_by_code("submit pipeline run"):
        raise RestudioError(kind, "Detail", "No.")
    assert (failed.value.code, failed.value.failure_type) == (code, failure)
    assert failed.value.message == (
        f"Request sent to Azure Machine Learning for operation 'submit pipeline run' failed with http status code "
        f"'{status}'. Error message from Azure Machine Learning: 'No.'."
    )
