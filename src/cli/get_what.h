/*
 * get_what: what `footplate get` is asked for, as people type it, and as the API has it. Pure.
 *
 *      steam:APP              an app, as its public branch is now           steam:APP@BRANCH       another branch
 *      steam:APP/DEPOT        one depot of it, also @BRANCH                 steam:APP/DEPOT:MANIFEST   an earlier state of it
 *      workshop:ID            an item of the Workshop                       collection:ID          all items of a collection
 *      epic:APPNAME           what Epic calls so                            gog:PRODUCT            a product of GOG
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

#define GET_WHAT_MAX 256 /* characters */

/* Beside it; each NULL: as the server chooses. */
struct get_what_more {
	const char *os, *arch, *lang;
	bool all_dlc;
};

/* Appends the object `source` of POST /v1/downloads. RC_INVALID with what is wrong, and how it is written. */
must_check enum rc get_what_source(
	const char *text, const struct get_what_more *more, struct buf *to, struct fault *f);
