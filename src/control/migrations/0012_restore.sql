-- Results of attempts that this database never made: it is older than what the agent remembers, for it was put back from a backup.
CREATE TABLE lost_results (
	id TEXT PRIMARY KEY,
	task_id TEXT NOT NULL,
	attempt BIGINT NOT NULL,
	agent_id TEXT NOT NULL,
	nonce TEXT NOT NULL,
	outcome TEXT NOT NULL,
	result TEXT,
	error TEXT,
	seen_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX lost_results_of ON lost_results (task_id, attempt, agent_id);
