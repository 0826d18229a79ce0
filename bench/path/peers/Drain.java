import io.debezium.engine.ChangeEvent;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.format.Json;
import java.io.FileInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Debezium Engine that sends every change to Kafka, waits for the acknowledgements of a batch, and marks it done. */
public class Drain {
    public static void main(String[] arguments) throws Exception {
        Properties engine = read(arguments[0]);
        Properties kafka = read(arguments[1]);
        String topic = arguments[2];
        var producer = new KafkaProducer<>(kafka, new ByteArraySerializer(), new ByteArraySerializer());
        var acknowledged = new AtomicLong();
        var draining = DebeziumEngine.create(Json.class).using(engine).notifying((changes, committer) -> {
            for (ChangeEvent<String, String> change : changes) {
                if (change.value() != null) {
                    producer.send(new ProducerRecord<>(topic, bytes(change.key()), bytes(change.value())),
                        (metadata, failure) -> {
                            if (failure != null) throw new RuntimeException(failure);
                            acknowledged.incrementAndGet();
                        });
                }
                committer.markProcessed(change);
            }
            producer.flush();
            committer.markBatchFinished();
            System.out.println("acknowledged " + acknowledged.get());
        }).build();
        var thread = Executors.newSingleThreadExecutor();
        thread.execute(draining);
        while (System.in.read() >= 0) { }
        draining.close();
        producer.close();
        thread.shutdownNow();
        System.exit(0);
    }

    private static byte[] bytes(String text) {
        return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }

    private static Properties read(String file) throws Exception {
        var properties = new Properties();
        try (var stream = new FileInputStream(file)) {
            properties.load(stream);
        }
        return properties;
    }
}
