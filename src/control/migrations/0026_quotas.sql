-- How much somebody may have at once, and what they have: see control/quotas/quotas.h.
CREATE TABLE quotas (
	id TEXT PRIMARY KEY,
	tenant_id TEXT NOT NULL,
	subject_kind TEXT NOT NULL, -- key, user, group, tenant
	subject_id TEXT NOT NULL,
	resource TEXT NOT NULL,
	most BIGINT NOT NULL,
	used BIGINT NOT NULL DEFAULT 0, -- the sum of its reservations
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	version BIGINT NOT NULL DEFAULT 1,
	UNIQUE (tenant_id, subject_kind, subject_id, resource)
);

-- owner_id: the job, schedule, webhook or key that it is reserved for.
CREATE TABLE quota_reservations (
	quota_id TEXT NOT NULL,
	owner_id TEXT NOT NULL,
	n BIGINT NOT NULL,
	PRIMARY KEY (quota_id, owner_id)
);
CREATE INDEX quota_reservations_owner ON quota_reservations (owner_id);

-- 1: some quota has something reserved for it. Without, nobody looks.
ALTER TABLE jobs ADD COLUMN quota_held BIGINT NOT NULL DEFAULT 0;
