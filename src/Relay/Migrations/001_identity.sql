CREATE TABLE account (user_id TEXT NOT NULL PRIMARY KEY);

CREATE TABLE signing_keys (
    kid        TEXT    NOT NULL PRIMARY KEY,
    pkcs8      BLOB    NOT NULL,
    created_at INTEGER NOT NULL
);

-- Codes and tokens are kept as SHA-256 only: a stolen file opens nothing.
CREATE TABLE pairing_codes (
    hash       BLOB    NOT NULL PRIMARY KEY,
    user_id    TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
);

-- A device is a family of refresh tokens: each use makes the next one.
CREATE TABLE devices (
    device_id    TEXT    NOT NULL PRIMARY KEY,
    user_id      TEXT    NOT NULL,
    name         TEXT,
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    revoked_at   INTEGER
);

CREATE TABLE refresh_tokens (
    hash       BLOB    NOT NULL PRIMARY KEY,
    device_id  TEXT    NOT NULL REFERENCES devices,
    expires_at INTEGER NOT NULL,
    spent_at   INTEGER,
    attempt    TEXT
);

CREATE INDEX refresh_tokens_of_device ON refresh_tokens (device_id);

CREATE TABLE machines (
    machine_key    TEXT    NOT NULL PRIMARY KEY,
    user_id        TEXT    NOT NULL,
    label          TEXT    NOT NULL,
    hostname       TEXT    NOT NULL,
    platform       TEXT    NOT NULL,
    daemon_version TEXT    NOT NULL,
    last_seen_at   INTEGER NOT NULL
);
