"""The automobile prices (imports-85) as the pipelines of the examples read them, and variants of them."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
DATA = REPOSITORY.parent / "shared" / "data" / "imports-85.data"
PIPELINE = REPOSITORY / "examples" / "pipelines" / "automobile.pipeline.yaml"
COLUMNS = (
    "symboling,normalized-losses,make,fuel-type,aspiration,num-of-doors,body-style,drive-wheels,engine-location,"
    "wheel-base,length,width,height,curb-weight,engine-type,num-of-cylinders,engine-size,fuel-system,bore,stroke,"
    "compression-ratio,horsepower,peak-rpm,city-mpg,highway-mpg,price"
)


def prices(shift: float = 0.0) -> bytes:
    """The data set with a header, ``?`` as an empty cell, and all prices shifted."""
    rows = [line.replace("?", "").split(",") for line in DATA.read_text().splitlines() if line.strip()]
    moved = [[*row[:-1], str(float(row[-1]) + shift) if row[-1] else ""] for row in rows]
    return "\n".join([COLUMNS, *(",".join(row) for row in moved), ""]).encode()


def car() -> dict[str, object]:
    """The first car as a caller sends it, without its price."""
    cells = DATA.read_text().splitlines()[0].replace("?", "").split(",")
    names = COLUMNS.split(",")
    return {name: cell or None for name, cell in zip(names, cells, strict=True) if name != "price"}
