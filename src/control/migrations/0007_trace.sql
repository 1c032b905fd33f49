-- The span of the request that made the job, as W3C's traceparent; "" for none.
ALTER TABLE jobs ADD COLUMN traceparent TEXT NOT NULL DEFAULT '';
