#!/bin/sh
# PostgreSQL with a fresh database in a folder: sh postgres.sh FOLDER [options of postgres].
# It refuses to run as root; as root it becomes the user that Debian's package has made for it.
set -e
folder=$1
if [ "$(id -u)" = 0 ]; then
  chown postgres "$folder"
  exec setpriv --reuid=postgres --regid=postgres --clear-groups sh "$0" "$@"
fi
shift
PATH=$(echo /usr/lib/postgresql/*/bin | sed 's/ .*//'):$PATH
[ -d "$folder/data" ] || initdb -D "$folder/data" -U postgres -A trust --no-sync --no-instructions
echo 'host all all all trust' >>"$folder/data/pg_hba.conf"
exec postgres -D "$folder/data" -c fsync=off -c unix_socket_directories="$folder" -c 'listen_addresses=*' "$@"
