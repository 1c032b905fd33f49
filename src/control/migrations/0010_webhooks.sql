-- Webhooks: endpoints, what each is to be told, and how that went.

CREATE TABLE webhooks (
	id TEXT PRIMARY KEY,
	url TEXT NOT NULL,
	types TEXT NOT NULL,
	job_id TEXT,
	account_id TEXT,
	region_id TEXT,
	enabled BIGINT NOT NULL,
	thin BIGINT NOT NULL,
	disabled_reason TEXT,
	pos BIGINT NOT NULL, -- the events up to here have their deliveries
	failing_since BIGINT NOT NULL,
	last_status BIGINT NOT NULL,
	last_at BIGINT NOT NULL,
	public_key TEXT NOT NULL,
	old_public_key TEXT,
	old_until BIGINT NOT NULL, -- the secrets before are valid until
	version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);

-- status: behind (another of its subject comes first), due, sending, delivered, dead.
CREATE TABLE webhook_deliveries (
	id TEXT PRIMARY KEY,
	webhook_id TEXT NOT NULL REFERENCES webhooks (id),
	pos BIGINT NOT NULL, -- of the event; 0: a test
	type TEXT NOT NULL,
	subject TEXT NOT NULL,
	status TEXT NOT NULL,
	tries BIGINT NOT NULL,    -- since it was made, or asked for again
	attempts BIGINT NOT NULL, -- ever
	next_at BIGINT NOT NULL,
	claim TEXT, -- the run of the control plane that sends it
	trace_id TEXT,
	body TEXT NOT NULL,
	last_status BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	finished_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX webhook_deliveries_once ON webhook_deliveries (webhook_id, pos) WHERE pos > 0;
CREATE INDEX webhook_deliveries_listed ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, next_at) WHERE status = 'due';
CREATE INDEX webhook_deliveries_sending ON webhook_deliveries (webhook_id) WHERE status = 'sending';
CREATE INDEX webhook_deliveries_open ON webhook_deliveries (webhook_id, subject, pos, id) WHERE finished_at = 0;
CREATE INDEX webhook_deliveries_old ON webhook_deliveries (finished_at) WHERE finished_at > 0;

CREATE TABLE webhook_attempts (
	delivery_id TEXT NOT NULL REFERENCES webhook_deliveries (id),
	number BIGINT NOT NULL,
	at BIGINT NOT NULL,
	ms BIGINT NOT NULL,
	status BIGINT NOT NULL, -- of HTTP; 0: no answer
	error TEXT,
	answer TEXT,
	PRIMARY KEY (delivery_id, number)
);
