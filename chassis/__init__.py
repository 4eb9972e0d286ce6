"""What every service needs and none owns: settings, server, client, database, outbox, consumer, identity, telemetry."""
