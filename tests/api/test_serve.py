from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tonearm.api.serve import PAGE, page_options, serve_api, serve_page
from tonearm.errors import UsageError
from tonearm.settings import Settings


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "example.org"])
@pytest.mark.parametrize("serve", [serve_page, serve_api])
def test_a_host_that_others_can_reach_is_refused(tmp_path: Path, serve: object, host: str) -> None:
    assert callable(serve)
    with pytest.raises(UsageError, match="no passwords yet"):
        serve(Settings(home=tmp_path), 8501, host)


def test_a_port_that_is_taken_is_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UsageError, match="name another with --port"):
            serve_page(Settings(home=tmp_path), taken.getsockname()[1])


def test_the_page_runs_on_this_machine_and_reports_to_nobody() -> None:
    options = page_options(8501)
    assert PAGE.is_file()
    assert (options["server.address"], options["server.port"]) == ("127.0.0.1", 8501)
    assert options["browser.gatherUsageStats"] is False


def test_every_option_is_one_that_streamlit_knows() -> None:
    from streamlit import config

    for name in page_options(8501):
        assert config.get_option(name) is not Ellipsis
