"""The command line."""

from __future__ import annotations

import typer

from restudio.cli import (
    data_stores,
    datasets,
    demo,
    endpoints,
    experiments,
    factory,
    factory_triggers,
    jobs,
    models,
    modules,
    pipelines,
    programs,
    renew,
    services,
    users,
)
from restudio.cli.doctor import add_doctor
from restudio.cli.login import add_login
from restudio.cli.serve import add_serve

app = typer.Typer(
    name="restudio",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="An open, self-hosted machine-learning studio.",
)
add_serve(app)
demo.add_demo(app)
add_doctor(app)
add_login(app)
app.add_typer(experiments.app, name="experiments")
app.add_typer(services.app, name="services")
app.add_typer(endpoints.app, name="endpoints")
app.add_typer(jobs.app, name="jobs")
factory.app.add_typer(factory_triggers.trigger, name="trigger")
factory.app.add_typer(factory_triggers.slices, name="slices")
app.add_typer(factory.app, name="factory")
app.add_typer(pipelines.app, name="pipelines")
app.add_typer(data_stores.app, name="data-stores")
app.add_typer(datasets.app, name="datasets")
app.add_typer(models.app, name="models")
app.add_typer(modules.app, name="modules")
app.add_typer(users.app, name="users")
app.add_typer(renew.app, name="renew")
app.add_typer(programs.app, name="programs")


def main() -> None:
    """Entry of ``restudio`` and ``python -m restudio``."""
    app()
