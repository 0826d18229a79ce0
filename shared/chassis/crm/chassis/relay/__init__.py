"""The relay: what is settled in the log appears on Kafka, in order, and only then the position moves.

Read `relay` (the loop), `leadership` (who may relay, and how the position is guarded), `sending` (pages on their way),
`term` (a leader at work), `topic_check` (is it still the topic that was written to), `republishing`.
"""

from crm.chassis.relay.leadership import Fenced, Leadership
from crm.chassis.relay.relay import Relay
from crm.chassis.relay.republishing import republish
from crm.chassis.relay.status import RelayStatus
from crm.chassis.relay.topic_check import PartitionsChanged, TopicReplaced

__all__ = ["Fenced", "Leadership", "PartitionsChanged", "Relay", "RelayStatus", "TopicReplaced", "republish"]
