#!/bin/sh
# A new data folder, with the files of /docker-entrypoint-initdb.d carried out, then the server.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    printf '%s' "$POSTGRES_PASSWORD" >/tmp/password
    initdb -D "$PGDATA" -U postgres --pwfile=/tmp/password --auth=scram-sha-256 --encoding=UTF8 \
        --locale-provider=builtin --builtin-locale=C.UTF-8 --no-instructions >/dev/null
    rm /tmp/password
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -c unix_socket_directories=/tmp" -w start >/dev/null
    for file in /docker-entrypoint-initdb.d/*.sql; do
        [ ! -e "$file" ] || PGPASSWORD=$POSTGRES_PASSWORD psql -q -h /tmp -U postgres -v ON_ERROR_STOP=1 -f "$file"
    done
    pg_ctl -D "$PGDATA" -m fast -w stop >/dev/null
fi
exec "$@" -c listen_addresses='*' -c unix_socket_directories=/tmp
