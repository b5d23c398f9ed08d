-- The token that a spent one led to: until that is used, the exchange can be asked for again.
ALTER TABLE refresh_tokens ADD COLUMN successor BLOB;

-- 1: its answer was taken for lost and the exchange repeated, so nobody may show it any more.
ALTER TABLE refresh_tokens ADD COLUMN orphaned INTEGER NOT NULL DEFAULT 0;
