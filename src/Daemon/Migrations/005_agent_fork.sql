-- The agent's id for the session that this one was forked from; of use until the agent has written something of its own.
ALTER TABLE agent_sessions ADD COLUMN fork_of TEXT;
