-- Jobs that are over, by when: what is older than engine.jobs_keep_days is forgotten.
CREATE INDEX jobs_over ON jobs (finished_at, id) WHERE quiet = 0 AND finished_at > 0;
CREATE INDEX dead_letters_of_job ON dead_letters (job_id);
