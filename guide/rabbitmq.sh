#!/bin/sh
# RabbitMQ in a folder, with one user: sh rabbitmq.sh FOLDER
set -e
folder=$1
mkdir -p "$folder/home"
cat >"$folder/rabbit.conf" <<END
listeners.tcp.1 = 0.0.0.0:5672
loopback_users = none
default_user = guide
default_pass = guide
log.console = true
log.file = false
END
: >"$folder/plugins"
export HOME="$folder/home" RABBITMQ_NODENAME=guide@localhost RABBITMQ_CONFIG_FILE="$folder/rabbit" \
  RABBITMQ_MNESIA_BASE="$folder/mnesia" RABBITMQ_LOG_BASE="$folder/log" RABBITMQ_ENABLED_PLUGINS_FILE="$folder/plugins" \
  RABBITMQ_PID_FILE="$folder/rabbit.pid" RABBITMQ_LOGS=- RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='+S 1:1 +sbwt none'
exec sh /usr/lib/rabbitmq/bin/rabbitmq-server
