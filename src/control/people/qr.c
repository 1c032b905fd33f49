#include "control/people/qr.h"

#include <qrencode.h>
#include <string.h>

#define QUIET 4 /* modules of white around it, as the standard asks for */

enum rc qr_svg(const char *text, struct buf *to)
{
	if (strlen(text) > QR_TEXT_MAX)
		return RC_TOO_LARGE;
	QRcode *q = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
	if (!q)
		return RC_NOMEM;
	int size = q->width + 2 * QUIET;
	buf_fmt(to,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">"
		"<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path d=\"",
		size, size, size, size);
	for (int y = 0; y < q->width; y++)
		for (int x = 0, run; x < q->width; x += run) {
			bool dark = q->data[y * q->width + x] & 1;
			for (run = 1; x + run < q->width && (q->data[y * q->width + x + run] & 1) == dark; run++)
				;
			if (dark)
				buf_fmt(to, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, run, run);
		}
	buf_str(to, "\"/></svg>");
	memset(q->data, 0, (size_t)q->width * (size_t)q->width); /* it is a secret */
	QRcode_free(q);
	return to->bad ? RC_NOMEM : RC_OK;
}
