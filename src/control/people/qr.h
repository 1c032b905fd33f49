/*
 * qr: a text as a QR code, drawn as SVG: black on white, whatever the page around it looks like. Pure.
 */
#pragma once

#include "base/buf.h"
#include "base/own.h"
#include "base/rc.h"

#define QR_TEXT_MAX 1024

/* Appends an <svg> element. RC_TOO_LARGE: more than QR_TEXT_MAX bytes. */
must_check enum rc qr_svg(const char *text, struct buf *to);
