-- The least a redemption can be: a counter with its limit, a row with three indexes, a line for the mail.
CREATE TABLE code (id int PRIMARY KEY, most bigint NOT NULL, used bigint NOT NULL CHECK (used <= most));
CREATE TABLE redemption (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code_id int NOT NULL,
    reader text NOT NULL,
    token uuid NOT NULL UNIQUE,
    at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (code_id, reader)
);
CREATE TABLE mail (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO code VALUES (1, 1000000000000, 0);
