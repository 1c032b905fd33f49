/* doctor_checks: what the doctor looks at, one function a subject. */
#pragma once

#include "base/buf.h"
#include "main/conf.h"

struct store_conn;

enum doctor_verdict { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor {
	const struct conf *conf;
	bool json;
	struct buf out;
	unsigned said, warned, failed;
};

/* One line. `mend`: what to do about it; NULL with DOCTOR_OK. */
void doctor_say(struct doctor *d, enum doctor_verdict v, const char *what, const char *mend, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

void doctor_checks_folder(struct doctor *d);
void doctor_checks_secrets(struct doctor *d);
void doctor_checks_disk(struct doctor *d);
void doctor_checks_database(struct doctor *d); /* with its schema, its clock, its master key, its agents */
void doctor_keys(struct doctor *d, struct store_conn *db); /* do the keys of the vault open? */
void doctor_checks_queue(struct doctor *d);
void doctor_checks_tls(struct doctor *d);
void doctor_checks_port(struct doctor *d);
void doctor_checks_descriptors(struct doctor *d);
void doctor_checks_journal(struct doctor *d);
