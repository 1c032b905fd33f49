/*
 * adopt: records of a time before the trail was a tree are taken into it, at the start, before anything else is written.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

struct control;
struct store_conn;

/* Piece by piece, each in a transaction of its own: a start that is killed goes on where it was. */
must_check enum rc adopt_records(struct control *c, struct store_conn *db, struct fault *f);
