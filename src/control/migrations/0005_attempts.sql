-- Every attempt of a task, what people said of those in doubt, and words in the audit.
CREATE TABLE attempts (
	task_id TEXT NOT NULL,
	n BIGINT NOT NULL,
	agent_id TEXT NOT NULL,
	nonce TEXT NOT NULL,
	epoch BIGINT NOT NULL, -- of the account's lease; 0: no account
	probe BIGINT NOT NULL,
	leased_at BIGINT NOT NULL,
	started_at BIGINT NOT NULL,
	ended_at BIGINT NOT NULL,
	outcome TEXT,
	came_to TEXT, -- the task's status after it
	error TEXT,
	intent TEXT,
	intent_at BIGINT NOT NULL,
	PRIMARY KEY (task_id, n)
);

CREATE TABLE resolutions (
	task_id TEXT PRIMARY KEY,
	at BIGINT NOT NULL,
	actor TEXT NOT NULL,
	outcome TEXT NOT NULL,
	evidence TEXT NOT NULL
);

ALTER TABLE audit ADD COLUMN words TEXT;
