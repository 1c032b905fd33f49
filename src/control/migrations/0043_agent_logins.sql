-- Which agents are logged in at Epic and GOG, as they said last: what wants such a login goes to one of them.
CREATE TABLE agent_logins (
	agent_id TEXT NOT NULL REFERENCES agents (id),
	store TEXT NOT NULL, -- epic, gog
	since BIGINT NOT NULL,
	PRIMARY KEY (agent_id, store)
);
