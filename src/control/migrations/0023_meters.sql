-- What is used of limits: one row for each subject ("key:apk_…"); periods are days and months since 1970 and year 0, of UTC.
CREATE TABLE meters (
	subject TEXT PRIMARY KEY,
	tat_ns BIGINT NOT NULL, -- see model/gcra
	day BIGINT NOT NULL,
	day_used BIGINT NOT NULL,
	month BIGINT NOT NULL,
	month_used BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);

-- Slots of what runs at once, held by a control plane.
CREATE TABLE meter_slots (
	subject TEXT NOT NULL,
	instance_id TEXT NOT NULL,
	n BIGINT NOT NULL,
	PRIMARY KEY (subject, instance_id)
);
