/*
 * reports: events of this agent (a session changed its state): kept in the journal before they are told, told in order after each
 * connect until the control plane acknowledges them. Past REPORTS_MAX the oldest is given up, and the log says so.
 * Loop thread only.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPORTS_MAX  10000
#define REPORTS_KIND 2 /* of a record in the journal: the payload of an EVENT */

struct keeper;
struct log;
struct loop;
struct reports;
struct uplink_run;

must_check enum rc reports_new(
	struct loop *l, const struct log *log, struct keeper *k, struct reports **ret_reports, struct fault *f);
void reports_free(struct reports *rp);
void reports_attach(struct reports *rp, struct uplink_run *u);
void reports_remember(struct reports *rp, uint8_t kind, const char *key); /* a record that the journal had */

/* payload is JSON. */
void reports_add(struct reports *rp, const char *type, const char *account_id, const char *payload);

void reports_up(struct reports *rp);
void reports_ack(struct reports *rp, int64_t wal_pos);
void reports_drain(struct reports *rp);
