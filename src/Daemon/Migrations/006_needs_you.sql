-- Why the last turn of a session failed, until it goes on or somebody has seen it.
CREATE TABLE agent_problems (
    agent_session_id TEXT    NOT NULL PRIMARY KEY REFERENCES agent_sessions ON DELETE CASCADE,
    at               INTEGER NOT NULL,
    json             BLOB    NOT NULL
);

-- Where devices want to be told by web push; keys as bytes, wishes as the device sent them.
CREATE TABLE push_subscriptions (
    endpoint      TEXT    NOT NULL PRIMARY KEY,
    p256dh        BLOB    NOT NULL,
    auth          BLOB    NOT NULL,
    vapid_public  BLOB    NOT NULL,
    vapid_private BLOB    NOT NULL,
    device_id     TEXT    NOT NULL,
    wishes        BLOB    NOT NULL,
    seen_at       INTEGER NOT NULL
);
