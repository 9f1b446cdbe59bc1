#!/bin/sh
# MariaDB with a fresh database in a folder, where everybody may do everything: sh mariadb.sh FOLDER
set -e
folder=$1
if [ ! -d "$folder/db" ]; then
  mkdir "$folder/db"
  mariadb-install-db --no-defaults --datadir="$folder/db" --skip-test-db --auth-root-authentication-method=normal \
    --innodb-use-native-aio=0 --tmpdir="$folder" >"$folder/install.log" 2>&1 || { grep -i error "$folder/install.log" >&2; exit 1; }
fi
exec mariadbd --no-defaults --datadir="$folder/db" --socket="$folder/db.sock" --pid-file="$folder/db.pid" \
  --bind-address=0.0.0.0 --port=3306 --skip-grant-tables --skip-networking=0 --skip-log-bin \
  --innodb-use-native-aio=0 --tmpdir="$folder" --innodb-buffer-pool-size=8M --innodb-log-file-size=4M --innodb-flush-log-at-trx-commit=0
