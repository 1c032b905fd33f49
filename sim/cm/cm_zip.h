/*
 * cm_zip: the gzip of a Multi that carries product info. The same records are asked for again and again, so what a record packs to is
 * kept: an answer is made of pieces that were packed before, and what stands between them as it is. One thread.
 */
#pragma once

#include "base/buf.h"
#include "base/own.h"

struct cm_zip;
struct cm_zip *cm_zip_new(void); /* NULL without memory */
void cm_zip_free(struct cm_zip *z);
OWN_DEFINE(cm_zip)

/* Appends the body of a Multi that holds `run`, as steam_multi_write does. False without memory. */
must_check bool cm_zip_multi(struct cm_zip *z, const struct buf *run, struct buf *to);
