-- When a job's tasks may go, when they are tried again, what made it; and tasks that failed after all.
ALTER TABLE jobs ADD COLUMN not_before BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN retry_backoff BIGINT NOT NULL DEFAULT 0; -- ms; 0: as the action says
ALTER TABLE jobs ADD COLUMN retry_backoff_max BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN schedule_id TEXT;

CREATE TABLE dead_letters (
	task_id TEXT PRIMARY KEY,
	job_id TEXT NOT NULL,
	action TEXT NOT NULL,
	account_id TEXT,
	code TEXT NOT NULL,
	reason TEXT NOT NULL,
	attempts BIGINT NOT NULL,
	error TEXT NOT NULL,
	died_at BIGINT NOT NULL,
	redriven_job_id TEXT -- the job that tries it again: it is no dead letter any more
);
CREATE INDEX dead_letters_open ON dead_letters (task_id) WHERE redriven_job_id IS NULL;
