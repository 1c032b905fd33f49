/*
 * nats_conf: how the NATS driver is set, and how patient it is.
 */
#pragma once

#define NATS_FORGET_S    60
#define NATS_WAIT_MS     100
#define NATS_WAIT_MAX_MS 2000

struct nats_queue_conf {
	const char
		*url; /* nats:// or tls://[USER:PASSWORD@]HOST:PORT, several parted by commas; is never repeated */
	const char *name;    /* of the stream, and before its subjects: one for all control planes of a database */
	const char *ca_file; /* NULL: the system's */
	const char *credentials; /* file of a user's JWT and seed, or NULL */
};
