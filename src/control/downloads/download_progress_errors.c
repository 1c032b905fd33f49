/* download_progress_errors: what content servers did wrong, counted once. */
#include "base/buf.h"
#include "base/metric.h"
#include "control/control.h"
#include "control/downloads/download_progress.h"
#include "control/downloads/download_row.h"
#include "model/chunk_error.h"
#include "wire/field_json.h"

struct told {
	uint32_t errors[CHUNK_ERROR_KINDS];
};
static const struct field told_fields[] = {
	{ .name = "chunkErrors", .type = FIELD_OBJ, FIELD_AT(struct told, errors), .sub = chunk_error_fields },
	{ 0 },
};

void download_progress_errors(struct tx *tx, const struct download_row *d, const uint32_t *is)
{
	struct told was = { 0 };
	uint32_t more[CHUNK_ERROR_KINDS];

	/* Without a progress, or with one of an earlier program, nothing was counted. */
	if (d->progress && download_progress_read(tx, told_fields, d->progress, &was) != RC_OK)
		was = (struct told){ 0 };
	chunk_error_since(was.errors, is, more);
	for (size_t i = 0; i < CHUNK_ERROR_KINDS; i++)
		if (more[i])
			metric_add(
				tx->control->metrics, METRIC_DOWNLOAD_CHUNK_ERRORS, chunk_error_words[i], more[i]);
}

void download_progress_errors_put(const uint32_t *is, struct buf *to)
{
	field_json_encode(chunk_error_fields, is, to);
}
