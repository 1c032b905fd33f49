/* options: the command line of steamsim. */
#pragma once

#include "base/fault.h"
#include "base/log.h"
#include "base/own.h"
#include "sim/sim.h"

#include <stdbool.h>
#include <stdint.h>

#define OPTIONS_NAMES_MAX  32
#define OPTIONS_FAULTS_MAX 100

struct options {
	bool help;
	const char *world, *host, *tls_dir, *ready_file;
	const char *names[OPTIONS_NAMES_MAX + 1]; /* more names for the certificate; ends in NULL */
	const char *faults[OPTIONS_FAULTS_MAX];
	unsigned faults_n, names_n;
	uint32_t port, cms, content, tcp, heartbeat_s, part_bytes, poll_ms;
	int plain_port; /* -1: none */
	struct sim_limits limits;
	enum log_level log_level;
	bool log_json, lancache;
};

/* The texts are borrowed from argv. */
must_check enum rc options_read(int argc, char **argv, struct options *ret, struct fault *f);

void options_help(void); /* to the standard output */
