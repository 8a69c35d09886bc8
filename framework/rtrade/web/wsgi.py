"""The application for other servers than our own: `gunicorn "rtrade.web.wsgi:application()"`.

The workspace is that of the working folder, and the token that of its settings. Jobs and streams
live in one process, so there must be one worker process, with threads.
"""

from __future__ import annotations

import atexit

from flask import Flask

from rtrade.config.loading import find_workspace
from rtrade.core.settings import load_settings
from rtrade.web.app import MOST_STREAMS, create_app
from rtrade.web.security import LOOPBACK
from rtrade.web.serving import check_address
from rtrade.web.site import site_of


def application(
    hosts: str = "", *, behind_tls_proxy: bool = False, most_streams: int = MOST_STREAMS
) -> Flask:
    """Return the application; `hosts` are names, with commas between, besides those of loopback.

    `most_streams` has to be less than the threads of the server. Raises UsageError where other
    machines could reach it as `rtrade serve` would not let them.
    """
    workspace = find_workspace(None)
    token = load_settings(workspace)["RTRADE_TOKEN"] or None
    names = tuple(filter(None, (name.strip() for name in hosts.split(","))))
    proxied = behind_tls_proxy or bool(names)
    check_address("127.0.0.1", token=token, proxied=proxied, names=names)
    app = create_app(
        workspace,
        token=token,
        hosts=(*LOOPBACK, *names),
        secure=behind_tls_proxy,
        most_streams=most_streams,
    )
    atexit.register(site_of(app).close)
    return app
