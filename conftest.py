"""Real servers for every test that asks for one, and what the tests of every service stand on."""

pytest_plugins = ["crm.chassis.testing.fixtures", "crm.chassis.testing.services"]
