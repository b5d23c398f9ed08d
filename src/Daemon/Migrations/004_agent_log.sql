-- Which program runs the session, and where it was begun.
ALTER TABLE agent_sessions ADD COLUMN agent TEXT NOT NULL DEFAULT 'claude';
ALTER TABLE agent_sessions ADD COLUMN origin TEXT NOT NULL DEFAULT 'Phone';

-- How far the log has taken in the agent's own transcript, which a terminal may go on writing: its last line there, and its size then.
ALTER TABLE agent_sessions ADD COLUMN transcript_leaf TEXT;
ALTER TABLE agent_sessions ADD COLUMN transcript_size INTEGER NOT NULL DEFAULT 0;

-- Events are kept for some time.
ALTER TABLE agent_events ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
UPDATE agent_events SET at = strftime('%s', json_extract(CAST(json AS TEXT), '$.at')) * 1000;

-- One row. The epoch names this log; the number of its commits, kept outside the file too, tells when an older copy of the file was put back.
CREATE TABLE event_log (
    epoch   TEXT    NOT NULL,
    commits INTEGER NOT NULL
);
INSERT INTO event_log VALUES (lower(hex(randomblob(16))), 0);
