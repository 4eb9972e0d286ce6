#!/bin/sh
# Temporal's tables, made or brought up to date; a second run changes nothing.
set -eu
for part in temporal:temporal visibility:temporal_visibility; do
    tool="temporal-sql-tool --plugin postgres12_pgx --endpoint postgres --port 5432 --user temporal --database ${part#*:}"
    $tool setup-schema --version 0.0 || echo "the tables of ${part#*:} are there already"
    $tool update-schema --schema-dir "/etc/temporal/schema/postgresql/v12/${part%%:*}/versioned"
done
