/*
 * recorder: stands between an agent and its control plane and writes down every byte of both directions, WebSocket masks taken off. A
 * thread of the test; plain TCP.
 */
#pragma once

#include "base/buf.h"

#include <pthread.h>
#include <stdint.h>

#define RECORDER_TALKS_MAX 64
#define RECORDER_BYTES_MAX (64u << 20) /* of one direction */

struct recorder_talk {
	int client, server;
	struct buf up, down; /* from the agent; to it */
};

struct recorder {
	int listener, port;
	uint16_t to;
	pthread_t thread;
	_Atomic bool stop;
	struct recorder_talk talks[RECORDER_TALKS_MAX];
	unsigned n;
};

void recorder_start(struct recorder *rec, uint16_t to); /* a port of 127.0.0.1 */
void recorder_stop(struct recorder *rec);
void recorder_done(struct recorder *rec);

/* After recorder_stop: was this anywhere in the open? */
bool recorder_has(struct recorder *rec, const char *text);
