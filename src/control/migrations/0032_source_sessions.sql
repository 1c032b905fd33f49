-- By which agents' sessions a source is asked.
CREATE TABLE source_sessions (
	source TEXT NOT NULL REFERENCES sources (name),
	agent_id TEXT NOT NULL,
	since BIGINT NOT NULL,    -- it asks since then, without a day's rest
	heard_at BIGINT NOT NULL, -- it said last how it went
	answers BIGINT NOT NULL DEFAULT 0,
	failures BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (source, agent_id)
);
