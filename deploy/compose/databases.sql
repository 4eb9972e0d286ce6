-- One database and one role for each service, and nobody else may enter it. Passwords for trying things out.
CREATE ROLE hotline_intake LOGIN PASSWORD 'hotline';
CREATE DATABASE hotline_intake OWNER hotline_intake;
REVOKE CONNECT, TEMPORARY ON DATABASE hotline_intake FROM PUBLIC;
CREATE ROLE hotline_triage LOGIN PASSWORD 'hotline';
CREATE DATABASE hotline_triage OWNER hotline_triage;
REVOKE CONNECT, TEMPORARY ON DATABASE hotline_triage FROM PUBLIC;
CREATE ROLE hotline_casework LOGIN PASSWORD 'hotline';
CREATE DATABASE hotline_casework OWNER hotline_casework;
REVOKE CONNECT, TEMPORARY ON DATABASE hotline_casework FROM PUBLIC;
CREATE ROLE hotline_notifications LOGIN PASSWORD 'hotline';
CREATE DATABASE hotline_notifications OWNER hotline_notifications;
REVOKE CONNECT, TEMPORARY ON DATABASE hotline_notifications FROM PUBLIC;
CREATE ROLE temporal LOGIN PASSWORD 'temporal';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
\connect temporal_visibility
CREATE EXTENSION btree_gin;
