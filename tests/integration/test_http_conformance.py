"""Every API does what its OpenAPI document says: no undocumented status, no server error but the documented 503.

schemathesis makes the requests: the edges of every schema, random ones that are valid or are not, and chains of them.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.running_suite import RunningSuite

pytestmark = pytest.mark.xdist_group("suite")

SERVICES = ("contacts", "sales", "service-desk", "campaigns", "analytics")
SEED = 20261123
EXAMPLES = 15
"""Random requests per endpoint, and chains. A number, not a time: a slow machine must not mean a weaker test."""
DEADLINE_S = 240

CONFIGURATION = f"""\
seed = {SEED}
request-timeout = 20.0
suppress-health-check = ["all"]
headers = {{ Authorization = "Bearer %s" }}

[generation]
allow-x00 = false
max-examples = {EXAMPLES}
no-shrink = true
database = "none"

[phases]
examples.enabled = false

# A valid request may meet a rule, somebody else's change, or a part that is away; an invalid one a stale version.
[checks]
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "503"]
positive_data_acceptance.expected-statuses = [
    "2xx", "3xx", "401", "403", "404", "409", "410", "412", "422", "503"
]
negative_data_rejection.expected-statuses = [
    "400", "401", "403", "404", "405", "409", "410", "412", "413", "415", "422", "503"
]
"""


@pytest.mark.parametrize("service", SERVICES)
def test_an_api_does_what_its_document_says(suite: RunningSuite, service: str, tmp_path: Path) -> None:
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(CONFIGURATION % suite.described["token"])
    report = tmp_path / "report.json"
    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", configuration, "run"),
            *(f"{suite.described['services'][service]}/openapi.json", "--continue-on-failure"),
            *("--report-json-path", report),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        cwd=tmp_path,
    )
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
    reported = json.loads(report.read_text())
    assert reported["operations"]["tested"] == reported["operations"]["total"] > 0
    assert [reported["phases"][each]["status"] for each in ("coverage", "fuzzing")] == ["success", "success"]


def test_whatever_was_accepted_is_read_by_everybody(suite: RunningSuite) -> None:
    """A value that an API takes and a view, the relay or another service cannot take would stand still there."""
    audit = suite.audit()
    assert audit.returncode == 0, audit.stdout + audit.stderr
    assert "Nothing is parked." in suite.rapport("parked", "list").stdout
