-- A challenge may be an agent's: a person logs it in at Epic or GOG. Then account_id is NULL, and agent_id and store say whose it is.
CREATE TABLE challenges_of_both (
	id TEXT PRIMARY KEY,
	account_id TEXT REFERENCES accounts (id),
	agent_id TEXT REFERENCES agents (id),
	store TEXT,             -- epic, gog
	url TEXT,               -- the page that a person opens
	job_id TEXT,            -- that takes the last answer to the agent
	kind TEXT NOT NULL,
	state TEXT NOT NULL,
	hint TEXT,
	qr_url TEXT,
	approve BIGINT NOT NULL,
	answers BIGINT NOT NULL,
	answered_by TEXT,
	answered_at BIGINT NOT NULL,
	delivered BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
INSERT INTO challenges_of_both (id, account_id, kind, state, hint, qr_url, approve, answers, answered_by, answered_at, delivered, expires_at,
	created_at, updated_at) SELECT id, account_id, kind, state, hint, qr_url, approve, answers, answered_by, answered_at, delivered, expires_at,
	created_at, updated_at FROM challenges;
DROP TABLE challenges;
ALTER TABLE challenges_of_both RENAME TO challenges;
CREATE INDEX challenges_of_account ON challenges (account_id, id);
CREATE INDEX challenges_alive ON challenges (expires_at) WHERE state IN ('open', 'answered');
CREATE UNIQUE INDEX challenges_of_agent ON challenges (agent_id, store) WHERE state IN ('open', 'answered') AND agent_id IS NOT NULL;
-- This agent alone may have the task. NULL: any.
ALTER TABLE tasks ADD COLUMN pin_agent_id TEXT;
