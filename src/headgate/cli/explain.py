"""`headgate explain …`: the same as `show` of each noun, found by who asks why."""

from __future__ import annotations

import typer

from headgate.cli import deals, orders, returns

app = typer.Typer(no_args_is_help=True)
app.command("order")(orders.show)
app.command("deal")(deals.show)
app.command("return")(returns.show)
