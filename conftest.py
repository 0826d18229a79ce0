"""Real servers for every test that asks for one, and what the tests of every service stand on."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["crm.chassis.testing.fixtures", "crm.chassis.testing.services"]

# A busy machine is no defect: how fast something is, is measured and never asserted.
settings.register_profile("rapport", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rapport")
