"""The command line: a file for each command."""

import typer

from . import doctor, evaluate, import_model, models, pushes, serve, shares, show, trace, train, units
from .common import require_known_variables

app = typer.Typer(
    name="gatescope",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    callback=require_known_variables,
    help="See what an LSTM, a GRU or a plain RNN keeps, forgets and lets out, word by word.",
)
app.command("serve")(serve.serve)
app.command("trace")(trace.trace)
app.command("show")(show.show)
app.add_typer(models.app, name="models")
app.command("import")(import_model.import_model)
app.add_typer(train.app, name="train")
app.command("evaluate")(evaluate.evaluate)
app.command("units")(units.units)
app.command("shares")(shares.shares)
app.command("pushes")(pushes.pushes)
app.command("doctor")(doctor.doctor)
