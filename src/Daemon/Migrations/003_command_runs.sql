-- request_id holds the run's own id, a UUID: what clients call their requests is unique only on one connection.
ALTER TABLE command_runs ADD COLUMN state TEXT NOT NULL DEFAULT 'Running';
ALTER TABLE command_runs ADD COLUMN signal TEXT;

CREATE INDEX command_runs_of_project ON command_runs (project_id, started_at DESC, request_id DESC);
CREATE INDEX command_runs_by_age ON command_runs (started_at DESC);
