-- 128 redemptions of one code in one transaction and one round trip: the locked row, the rows, the mails, the counter.
\set first random(1, 1000000000000)
WITH locked AS MATERIALIZED (
    SELECT id FROM code WHERE id = 1 AND used + 128 <= most FOR NO KEY UPDATE
), given AS (
    INSERT INTO redemption (code_id, reader, token)
    SELECT locked.id, 'reader-' || (:first::bigint + n) || '@readers.example', gen_random_uuid()
    FROM locked, generate_series(1, 128) AS n
    ON CONFLICT (code_id, reader) DO NOTHING
    RETURNING token
), owed AS (
    INSERT INTO mail (token) SELECT token FROM given
)
UPDATE code SET used = used + (SELECT count(*) FROM given) WHERE id = 1;
