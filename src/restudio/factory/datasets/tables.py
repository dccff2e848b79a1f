"""Datasets of rows: SQL tables and REST resources (Data Factory reference, 5.3)."""

from __future__ import annotations

from restudio.databases.statements import split_name
from restudio.factory.activity import Dataset
from restudio.factory.dataset import DatasetProperty, RestData, TableData, dataset_type
from restudio.factory.http_place import HttpPlace
from restudio.factory.linked_service import reach
from restudio.factory.platform import Platform
from restudio.factory.sql.place import SqlPlace


@dataset_type(
    type="AzureSqlTable",
    properties=(
        DatasetProperty("schema", help="Schema of the table."),
        DatasetProperty("table", help="Its name; absent when only queries are made."),
        DatasetProperty("tableName", help="Both in one, as older documents write it: `dbo.T`, `[dbo].[T]`."),
    ),
    aliases=(
        "SqlServerTable",
        "AzureSqlDWTable",
        "AzureSqlMITable",
        "PostgreSqlV2Table",
        "PostgreSqlTable",
        "AzurePostgreSqlTable",
        "MySqlTable",
        "AzureMySqlTable",
        "SqliteTable",
    ),
)
def sql_table(dataset: Dataset, platform: Platform, activity_type: str) -> TableData:
    """A table or a view of a SQL database."""
    place = reach(dataset.linked_service, platform, SqlPlace, activity_type)
    p = dataset.properties
    schema, table = p.get("schema"), p.get("table")
    if not table and p.get("tableName"):
        schema, table = split_name(str(p["tableName"]))
    return TableData(dataset, place, str(schema) if schema else place.schema, str(table or ""))


@dataset_type(
    type="RestResource",
    properties=(
        DatasetProperty("relativeUrl", help="Below the address of the linked service."),
        DatasetProperty("requestMethod", help="`GET`."),
        DatasetProperty("requestBody", help="For `POST`."),
        DatasetProperty("additionalHeaders", help="Object of headers."),
        DatasetProperty("paginationRules", help="`AbsoluteUrl`: where the answer names the next page."),
    ),
)
def rest_resource(dataset: Dataset, platform: Platform, activity_type: str) -> RestData:
    """JSON answers of a REST service."""
    place = reach(dataset.linked_service, platform, HttpPlace, activity_type)
    return RestData(dataset, place, str(dataset.properties.get("relativeUrl") or ""), dataset.properties)
