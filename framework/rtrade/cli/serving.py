"""`rtrade serve`: options to a server, until a signal stops it."""

from __future__ import annotations

import signal
from types import FrameType
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rtrade.web.serving import Server


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address to listen on; one that other machines reach needs --behind-tls-proxy.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    metavar="N",
    help="Port; 0: any free one.",
)
@click.option(
    "--behind-tls-proxy",
    "proxied",
    is_flag=True,
    help="A proxy with TLS stands in front. Needs RTRADE_TOKEN and --allow-host.",
)
@click.option(
    "--allow-host",
    "names",
    multiple=True,
    metavar="NAME",
    help="A name that clients know this server by, without a port (repeatable).",
)
@click.option("--debug", is_flag=True, help="Show tracebacks; log everything.")
@click.option("--log-level", metavar="LEVEL", help="debug, info, warning or error (stderr).")
def serve(
    *,
    host: str,
    port: int,
    proxied: bool,
    names: tuple[str, ...],
    debug: bool,
    log_level: str | None,
) -> int:
    """Serve the data API and the viewer of the workspace, until stopped.

    Without a token (RTRADE_TOKEN) only this machine can be served. See docs/serving.md.
    """
    from rtrade.cli.logs import configure_logs
    from rtrade.config.loading import find_workspace
    from rtrade.core.settings import load_settings
    from rtrade.web.app import create_app
    from rtrade.web.security import LOOPBACK
    from rtrade.web.serving import Server, check_address
    from rtrade.workflow.redacting import Redactor

    workspace = find_workspace(None)
    settings = load_settings(workspace)
    token = settings["RTRADE_TOKEN"] or None
    check_address(host, token=token, proxied=proxied, names=names)
    level = "debug" if debug else log_level or settings["RTRADE_LOG"]
    configure_logs(level, redact=Redactor(workspace), also=("waitress", "py.warnings"))
    app = create_app(workspace, token=token, hosts=(*LOOPBACK, host, *names), secure=proxied)
    _run(Server(app, host, port))
    return 0


def _run(server: Server) -> None:
    """Run `server` until SIGTERM or SIGINT; a second one ends it at once."""

    def stop(_: int, __: FrameType | None) -> None:
        server.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    click.echo(f"listening on {server.url}")
    server.run()
