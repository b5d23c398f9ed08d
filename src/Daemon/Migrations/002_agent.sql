CREATE TABLE agent_sessions (
    agent_session_id  TEXT    NOT NULL PRIMARY KEY,
    project_id        TEXT    NOT NULL,
    cwd               TEXT    NOT NULL,
    title             TEXT    NOT NULL,
    started_at        INTEGER NOT NULL,
    last_activity_at  INTEGER NOT NULL,
    message_count     INTEGER NOT NULL DEFAULT 0,
    last_seq          INTEGER NOT NULL DEFAULT 0,
    model             TEXT,
    permission_mode   TEXT    NOT NULL,
    agent_id          TEXT    NOT NULL,           -- the id that the agent's own CLI knows the session by; /clear changes it
    begun             INTEGER NOT NULL DEFAULT 0, -- the agent has written something under that id
    cost_usd          TEXT    NOT NULL DEFAULT '0',
    process_id        INTEGER,
    process_started   INTEGER
);

CREATE INDEX agent_sessions_of_project ON agent_sessions (project_id, last_activity_at DESC);

-- What clients resume from: written before it is sent, never changed.
CREATE TABLE agent_events (
    agent_session_id TEXT    NOT NULL REFERENCES agent_sessions ON DELETE CASCADE,
    seq              INTEGER NOT NULL,
    json             BLOB    NOT NULL,
    PRIMARY KEY (agent_session_id, seq)
) WITHOUT ROWID;

-- Accepted input. state: 0 waits, 1 was given to the agent, 2 its turn has ended.
CREATE TABLE agent_messages (
    number           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    message_id       TEXT    NOT NULL UNIQUE,
    agent_session_id TEXT    NOT NULL REFERENCES agent_sessions ON DELETE CASCADE,
    state            INTEGER NOT NULL DEFAULT 0,
    position         INTEGER NOT NULL,
    json             BLOB    NOT NULL
);

CREATE INDEX agent_messages_open ON agent_messages (agent_session_id, number) WHERE state < 2;

-- Prompts that wait for a person; seq is their event's.
CREATE TABLE agent_prompts (
    prompt_id        TEXT    NOT NULL PRIMARY KEY,
    agent_session_id TEXT    NOT NULL REFERENCES agent_sessions ON DELETE CASCADE,
    seq              INTEGER NOT NULL
);
