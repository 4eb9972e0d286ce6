#!/bin/sh
# Each KAFKA_A_B_C is the property a.b.c; a new data folder is formatted, then the broker.
set -eu
properties=/opt/kafka/config/server.properties
env | grep '^KAFKA_' | while IFS='=' read -r name value; do
    printf '%s=%s\n' "$(printf '%s' "${name#KAFKA_}" | tr '[:upper:]_' '[:lower:].')" "$value"
done >"$properties"
java="java -Xmx512m --sun-misc-unsafe-memory-access=allow --enable-native-access=ALL-UNNAMED
    -Dlog4j2.configurationFile=/opt/kafka/config/log4j2.properties -cp /opt/kafka/libs/*"
set -f
if [ ! -e "${KAFKA_LOG_DIRS:?}/meta.properties" ]; then
    $java kafka.tools.StorageTool format --cluster-id "$(od -An -N11 -tx1 /dev/urandom | tr -d ' \n')" --config "$properties"
fi
exec $java kafka.Kafka "$properties"
