/*
 * vdf_text: the text form.
 *
 *      "key"<tabs>"value"          \n \t \\ \" are escapes; a backslash before another character is itself
 *      "key"                       // a comment runs to the end of its line
 *      {
 *              ...
 *      }
 *
 * The writer uses the layout of PICS: tabs, one node a line. What differs between the places where Steam uses it is the
 * `form`: the parser notes it, so that write(parse(x)) is x for what Steam writes. Conditionals "[$X]" are refused.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "wire/steam/vdf.h"

struct vdf_text_form {
	uint8_t gap;   /* tabs between key and value: 2 in PICS, 1 in the directory's answers */
	bool bom;      /* UTF-8 byte order mark in front */
	bool no_break; /* no line break after the last line */
	bool nul;      /* one NUL after the text */
};

#define VDF_TEXT_PICS ((struct vdf_text_form){ .gap = 2, .nul = true })
#define VDF_TEXT_WEB  ((struct vdf_text_form){ .gap = 1 })

/* ret_form may be NULL. RC_MALFORMED names the line. */
must_check enum rc vdf_text_parse(const void *p, size_t n, struct arena *a, struct vdf **ret_doc,
	struct vdf_text_form *ret_form, struct fault *f);

/* Appends the document. Kinds other than objects and texts are written as decimal texts. */
void vdf_text_write(struct buf *to, const struct vdf *doc, struct vdf_text_form form);
