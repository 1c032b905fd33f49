#include "cli/get_bar.h"
#include "cli/text.h"

#include <inttypes.h>
#include <string.h>

#define DOING_COLUMNS 12
#define BAR_LEAST     10
#define BAR_MOST      30
#define DAY_S         INT64_C(86400)

void get_bar_bytes(struct buf *to, uint64_t n)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	uint64_t unit = 1;
	unsigned i = 0;

	while (n / unit >= 1000 && i < 6) {
		unit *= 1000;
		i++;
	}
	uint64_t whole = n / unit, tenths = unit > 1 ? n % unit / (unit / 10) : 0;
	if (i == 0 || whole >= 100)
		buf_fmt(to, "%" PRIu64 " %s", whole, units[i]);
	else
		buf_fmt(to, "%" PRIu64 ".%" PRIu64 " %s", whole, tenths, units[i]);
}

void get_bar_time(struct buf *to, int64_t seconds)
{
	int64_t s = seconds < 0 ? 0 : seconds;

	if (s >= 2 * DAY_S)
		buf_fmt(to, "%" PRId64 " days", s / DAY_S);
	else if (s >= 3600)
		buf_fmt(to, "%" PRId64 ":%02d:%02d", s / 3600, (int)(s / 60 % 60), (int)(s % 60));
	else
		buf_fmt(to, "%d:%02d", (int)(s / 60), (int)(s % 60));
}

/* Thousandths; what is not done is never shown as all. */
static unsigned share(const struct get_bar *b)
{
	if (!b->total)
		return 0;
	if (b->done >= b->total)
		return 1000;
	return (unsigned)((double)b->done * 1000 / (double)b->total);
}

static void put_bar(struct buf *to, const struct get_bar *b, unsigned width)
{
	unsigned full = width * share(b) / 1000;

	for (unsigned i = 0; i < width; i++)
		buf_str(to, i < full ? b->plain ? "#" : "━" : b->plain ? "-" : "─");
}

/* Appends the piece if it still fits behind what stands there. */
static void fit(struct buf *line, const struct buf *piece, unsigned columns)
{
	size_t have = text_columns((const char *)line->p, line->n),
	       more = text_columns((const char *)piece->p, piece->n);

	if (have + more <= columns)
		buf_put(line, piece->p, piece->n);
}

static void put_amount(struct buf *to, const struct get_bar *b)
{
	buf_str(to, "   ");
	get_bar_bytes(to, b->done);
	if (!b->total)
		return;
	buf_str(to, " of ");
	get_bar_bytes(to, b->total);
}

static void put_pieces(struct buf *line, const struct get_bar *b)
{
	struct buf piece = { 0 };

	if (b->total)
		buf_fmt(&piece, "  %u.%u %%", share(b) / 10, share(b) % 10);
	fit(line, &piece, b->columns);
	piece.n = 0;
	put_amount(&piece, b);
	fit(line, &piece, b->columns);
	piece.n = 0;
	if (b->rate) {
		buf_str(&piece, "   ");
		get_bar_bytes(&piece, b->rate);
		buf_str(&piece, "/s");
	}
	fit(line, &piece, b->columns);
	piece.n = 0;
	if (b->left_s >= 0 && b->done < b->total) {
		buf_str(&piece, "   ");
		get_bar_time(&piece, b->left_s);
		buf_str(&piece, " left");
	}
	fit(line, &piece, b->columns);
	buf_done(&piece);
}

void get_bar_line(struct buf *to, const struct get_bar *b)
{
	struct buf line = { 0 };
	unsigned room = b->columns > 60 ? b->columns - 60 : 0;

	text_put(&line, b->doing, strlen(b->doing));
	while (text_columns((const char *)line.p, line.n) < DOING_COLUMNS)
		buf_u8(&line, ' ');
	if (b->why) {
		struct buf why = { 0 };
		buf_str(&why, " waits for ");
		text_put(&why, b->why, strlen(b->why));
		fit(&line, &why, b->columns);
		buf_done(&why);
	} else {
		if (b->total && room >= BAR_LEAST) {
			buf_u8(&line, ' ');
			put_bar(&line, b, room < BAR_MOST ? room : BAR_MOST);
		}
		put_pieces(&line, b);
	}
	buf_put(to, line.p, line.n);
	buf_done(&line);
}
