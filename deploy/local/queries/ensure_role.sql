-- The statements that make the role $1 with the password $2, or give it that password; the maker may then act for it.
SELECT unnest(ARRAY[
    format(
        CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = $1) THEN 'ALTER' ELSE 'CREATE' END
        || ' ROLE %I LOGIN PASSWORD %L', $1::text, $2::text
    ),
    format('GRANT %I TO CURRENT_USER', $1::text)
]) AS statement
