/*
 * nats: a nats-server with JetStream of the test's own: in a temporary folder, on a free port of 127.0.0.1, as a child in the foreground
 * that ends with the test. When there is none on the machine the test fails and says what to install. $NATS_SERVER: the program.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#define NATS_PASSWORD "s3cret-of-nats"

struct nats_server {
	char dir[64];
	char url[160]; /* with user and password */
	uint16_t port;
	pid_t pid; /* 0: it does not run */
};

/* The first call makes folder and port; a later one starts it again with what it had kept. max_file: bytes of all streams, 0: 1 GiB. */
void nats_start(struct nats_server *n, uint64_t max_file);
void nats_stop(struct nats_server *n); /* tidily */
void nats_kill9(struct nats_server *n);
void nats_pause(struct nats_server *n); /* it stands still, and nothing is closed */
void nats_resume(struct nats_server *n);
void nats_forget(struct nats_server *n); /* what it had kept, while it does not run */
void nats_done(struct nats_server *n);   /* stops it and removes the folder */
