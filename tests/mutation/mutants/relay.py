"""The guards at Kafka: who leads, what is acknowledged, which topic it is, and what its consumers trust."""

from tests.mutation.mutants.mutant import mutant

RELAY = (
    mutant(
        "a position is saved by the leader of this epoch only",
        "relay/leadership.py",
        "WHERE service = %(service)s AND epoch = %(epoch)s AND (era",
        "WHERE service = %(service)s AND (era",
        "relay/test_relay_leadership.py",
        "relay/test_relay_faults.py",
    ),
    mutant(
        "a position never goes back",
        "relay/leadership.py",
        " AND (era, tx, number) < (%(era)s, %(tx)s, %(number)s)\n",
        "\n",
        "relay/test_relay_publishing.py",
    ),
    mutant(
        "one relay leads",
        "relay/leadership.py",
        "        if not (row and row[0]):\n            return False\n",
        "",
        "relay/test_relay_leadership.py",
    ),
    mutant(
        "every acknowledgement is waited for",
        "relay/sending.py",
        "not (page := self._pages[0]).receipt.outstanding and page.receipt.error is None",
        "(page := self._pages[0]) is not None",
        "relay/test_relay_faults.py",
        "relay/test_relay_publishing.py",
    ),
    mutant(
        "a refused record stops the relay",
        "relay/sending.py",
        "            if page.receipt.error is not None:\n                raise page.receipt.error\n",
        "            pass\n",
        "relay/test_relay_faults.py",
        "relay/test_relay_publishing.py",
    ),
    mutant(
        "a topic that was recreated stops the relay",
        "relay/topic_check.py",
        "if found.id != leader.topic_id:",
        "if False:",
        "relay/test_relay_topic.py",
    ),
    mutant(
        "a topic that lost its tail stops the relay",
        "relay/topic_check.py",
        "if ends.get(partition, 0) <= highest:",
        "if False:",
        "relay/test_relay_topic.py",
    ),
    mutant(
        "offsets that others had before stop the relay",
        "relay/topic_check.py",
        "if offset <= leader.acked.get(partition, -1):",
        "if False:",
        "relay/test_relay_topic.py",
    ),
    mutant(
        "the number of partitions is checked",
        "relay/topic_check.py",
        "if found.partitions != leader.partitions:",
        "if False:",
        "relay/test_relay_topic.py",
    ),
    mutant(
        "records go where every client looks for them",
        "kafka/producer.py",
        '"partitioner": "murmur2_random"',
        '"partitioner": "consistent_random"',
        "kafka/test_kafka_consumer.py",
    ),
    mutant(
        "an offset that the topic does not have is told",
        "kafka/consumer.py",
        '"auto.offset.reset": "error"',
        '"auto.offset.reset": "latest"',
        "kafka/test_kafka_consumer.py",
    ),
    mutant(
        "records of a partition that was taken away are left to others",
        "kafka/consumer.py",
        "if (topic, partition) in self._mine:",
        "if True:",
        "kafka/test_kafka_consumer.py",
    ),
)
