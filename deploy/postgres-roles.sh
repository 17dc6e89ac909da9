#!/bin/bash
# Run once by PostgreSQL's image, in an empty data folder: two roles and a database.
set -euo pipefail
psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" \
    --set owner="$(cat /run/secrets/owner_password)" \
    --set application="$(cat /run/secrets/application_password)" <<'SQL'
CREATE ROLE tianshan_owner LOGIN PASSWORD :'owner';
CREATE ROLE tianshan_app LOGIN PASSWORD :'application';
CREATE DATABASE tianshan OWNER tianshan_owner TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE tianshan FROM PUBLIC;
GRANT CONNECT ON DATABASE tianshan TO tianshan_app;
SQL
