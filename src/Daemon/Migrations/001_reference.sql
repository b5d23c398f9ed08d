CREATE TABLE projects (
    project_id     TEXT    NOT NULL PRIMARY KEY,
    name           TEXT    NOT NULL,
    path           TEXT    NOT NULL UNIQUE,
    created_at     INTEGER NOT NULL,
    last_opened_at INTEGER
);

CREATE TABLE fs_state (
    project_id TEXT    NOT NULL PRIMARY KEY REFERENCES projects ON DELETE CASCADE,
    last_seq   INTEGER NOT NULL
);

CREATE TABLE command_runs (
    request_id     TEXT    NOT NULL PRIMARY KEY,
    project_id     TEXT    NOT NULL REFERENCES projects ON DELETE CASCADE,
    command        TEXT    NOT NULL,
    started_at     INTEGER NOT NULL,
    ended_at       INTEGER,
    exit_code      INTEGER,
    truncated      INTEGER NOT NULL DEFAULT 0,
    output_preview TEXT
);

CREATE TABLE claude_project_dirs (
    project_id       TEXT    NOT NULL REFERENCES projects ON DELETE CASCADE,
    claude_dir_path  TEXT    NOT NULL,
    last_verified_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, claude_dir_path)
);
