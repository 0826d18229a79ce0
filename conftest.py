"""Real servers for every test that asks for one."""

pytest_plugins = ["crm.chassis.testing.fixtures"]
