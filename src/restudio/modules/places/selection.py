"""The choice of a place, which decides what other parameters mean."""

from __future__ import annotations

from dataclasses import dataclass

from restudio.core.params import mode, when
from restudio.modules.places.files import ACCOUNT, PUBLIC_OR_SAS, SAS

HTTP = "Web URL via HTTP"
BLOB = "Azure Blob Storage"
SQL = "Azure SQL Database"
TABLE = "Azure Table"
HIVE = "Hive Query"
ODATA = "Data Feed Providers"
ON_PREMISES = "On-Premises SQL Database"
COSMOS = "Azure Cosmos DB"
DATASTORE = "Datastore"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where Import Data reads."""

    source: str = mode(
        "Data source",
        (HTTP, BLOB, SQL, TABLE, HIVE, ODATA, ON_PREMISES, COSMOS, DATASTORE),
        BLOB,
        aliases=("Please Specify Data Source",),
        choice_aliases={
            "Http": HTTP,
            "URL via HTTP": HTTP,
            "Microsoft Azure BLOB Storage": BLOB,
            "SqlAzure": SQL,
            "Azure SQL Data Warehouse": SQL,
            "Hive": HIVE,
            "OData": ODATA,
            "DocumentDB": COSMOS,
        },
        help="Where the data is.",
    )
    authentication: str = mode(
        "Authentication type",
        (PUBLIC_OR_SAS, ACCOUNT),
        ACCOUNT,
        aliases=("Please Specify Authentication Type",),
        choice_aliases={SAS: PUBLIC_OR_SAS},
        when=when("source", BLOB, TABLE),
    )


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where Export Data writes."""

    destination: str = mode(
        "Please specify data destination",
        (BLOB, SQL, TABLE, HIVE, DATASTORE),
        BLOB,
        aliases=("Data destination",),
        choice_aliases={"SqlAzure": SQL, "Hive": HIVE},
    )
    authentication: str = mode(
        "Please specify authentication type",
        (SAS, ACCOUNT),
        ACCOUNT,
        choice_aliases={PUBLIC_OR_SAS: SAS},
        when=when("destination", BLOB, TABLE),
    )
