#!/bin/sh
# PostgreSQL with a fresh database in a folder: sh postgres.sh FOLDER [options of postgres].
set -e
folder=$1
shift
PATH=$(echo /usr/lib/postgresql/*/bin | sed 's/ .*//'):$PATH
[ -d "$folder/data" ] || initdb -D "$folder/data" -U postgres -A trust --no-sync --no-instructions
echo 'host all all all trust' >>"$folder/data/pg_hba.conf"
exec postgres -D "$folder/data" -c fsync=off -c unix_socket_directories="$folder" -c 'listen_addresses=*' "$@"
