#!/bin/sh
# Runs once, when the database is made: one role owns the tables and migrates, the other only works with them.
set -eu

psql --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" \
    --set owner_password="$OWNER_PASSWORD" --set web_password="$WEB_PASSWORD" <<'SQL'
CREATE ROLE promos_app NOLOGIN;
CREATE ROLE promos_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE promos_web LOGIN PASSWORD :'web_password' IN ROLE promos_app;
CREATE DATABASE promos OWNER promos_owner;
SQL
