-- The statement that makes the database $1 for the role $1, if there is none.
SELECT format('CREATE DATABASE %1$I OWNER %1$I', $1::text) AS statement
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = $1)
