#!/bin/sh
# MariaDB with a fresh database in a folder, where everybody may do everything: sh mariadb.sh FOLDER
set -e
folder=$1
if [ ! -d "$folder/db" ]; then
  mkdir "$folder/db"
  mariadb-install-db --no-defaults --datadir="$folder/db" --skip-test-db --auth-root-authentication-method=normal >/dev/null
fi
exec mariadbd --no-defaults --datadir="$folder/db" --socket="$folder/db.sock" --pid-file="$folder/db.pid" \
  --bind-address=0.0.0.0 --port=3306 --skip-grant-tables --skip-networking=0 --skip-log-bin \
  --innodb-buffer-pool-size=8M --innodb-log-file-size=4M --innodb-flush-log-at-trx-commit=0
