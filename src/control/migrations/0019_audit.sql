-- The audit trail as a tree of hashes (wire/merkle). Numbers are dense from here on; the rows that are there get theirs anew, and
-- their leaves at the next start (audit/trail).
ALTER TABLE audit RENAME TO audit_before;

CREATE TABLE audit (
	seq $SERIAL, -- from 1, none left out
	ts BIGINT NOT NULL,
	tenant_id TEXT NOT NULL,
	actor TEXT NOT NULL, -- key:apk_…, user:usr_…, agent:agt_…, system
	session_id TEXT, -- aus_…
	peer TEXT NOT NULL, -- the address
	agent TEXT, -- User-Agent
	action TEXT NOT NULL,
	resource TEXT NOT NULL,
	outcome TEXT NOT NULL, -- done, denied, failed
	request_id TEXT,
	trace_id TEXT,
	words TEXT,
	after TEXT, -- SHA-256 of the answer that showed the thing
	leaf TEXT NOT NULL -- SHA-256 of the record (wire/audit_record); '': not yet in the tree
);

INSERT INTO audit (seq, ts, tenant_id, actor, peer, action, resource, outcome, trace_id, words, leaf)
	SELECT ROW_NUMBER() OVER (ORDER BY seq), ts, 'ten_default', actor, peer, action, resource, 'done', trace_id, words, '' FROM audit_before;
DROP TABLE audit_before;

-- The tree's edge; one row.
CREATE TABLE audit_head (
	id BIGINT PRIMARY KEY,
	size BIGINT NOT NULL, -- records in the tree
	edge TEXT NOT NULL, -- hashes of its complete subtrees, the largest first
	checkpoint BIGINT NOT NULL -- the newest one's number
);
INSERT INTO audit_head (id, size, edge, checkpoint) VALUES (1, 0, '', 0);

-- Complete subtrees of 2^8, 2^16, … records: for proofs.
CREATE TABLE audit_nodes (
	level BIGINT NOT NULL,
	i BIGINT NOT NULL,
	hash TEXT NOT NULL,
	PRIMARY KEY (level, i)
);

-- Signed roots.
CREATE TABLE audit_checkpoints (
	n BIGINT PRIMARY KEY, -- from 1, none left out
	size BIGINT NOT NULL,
	ts BIGINT NOT NULL,
	note TEXT NOT NULL -- the signed text (wire/checkpoint)
);

-- What is left of records that were pruned: the leaves of 256 of them.
CREATE TABLE audit_pruned (
	block BIGINT PRIMARY KEY, -- records 256 * block + 1 to 256 * block + 256
	leaves TEXT NOT NULL
);

-- Where checkpoints were told outside, and how far. Not a part of the proof.
CREATE TABLE audit_anchors (
	name TEXT PRIMARY KEY,
	n BIGINT NOT NULL, -- the newest checkpoint that is there
	at BIGINT NOT NULL,
	failures BIGINT NOT NULL, -- since then
	error TEXT
);
