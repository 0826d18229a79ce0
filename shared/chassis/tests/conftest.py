"""Real servers for the tests of the chassis."""

pytest_plugins = ["crm.chassis.testing.fixtures"]
