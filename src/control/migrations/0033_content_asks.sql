-- Questions about content, and the job that was made of each last.
CREATE TABLE content_asks (
	asker TEXT NOT NULL,     -- key:apk_…, user:usr_…
	question TEXT NOT NULL,  -- the action and its payload
	tenant_id TEXT NOT NULL,
	job_id TEXT NOT NULL,
	asked_at BIGINT NOT NULL,
	PRIMARY KEY (asker, question)
);
CREATE INDEX content_asks_tenant ON content_asks (tenant_id);
CREATE INDEX content_asks_asked ON content_asks (asked_at);
