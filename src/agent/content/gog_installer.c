/* The files of an offline installer, a range at a time, each checked against GOG's list of checksums. */
#include "agent/agent_conf.h"
#include "agent/content/gog_source.h"
#include "io/http_call.h"
#include "model/action_download.h"
#include "wire/gog_chunk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define XML_MAX (8u << 20)

/* ---- ranges ---- */

static bool address(void *ctx, uint32_t chunk, unsigned server, struct buf *url, char range[SHOP_FETCH_RANGE])
{
	const struct gog_source *s = ctx;
	const struct gog_source_range *r = &s->ranges[chunk];

	if (server > 0)
		return false;
	snprintf(range, SHOP_FETCH_RANGE, "bytes=%" PRIu64 "-%" PRIu64, r->range.from,
		r->range.from + r->range.n - 1);
	buf_str(url, s->parts[r->part]);
	return true;
}

static size_t most(void *ctx, uint32_t chunk) { return ((struct gog_source *)ctx)->ranges[chunk].range.n; }

static enum rc open_range(void *ctx, uint32_t chunk, const void *p, size_t n, struct buf *plain, struct fault *f)
{
	const struct gog_range *r = &((struct gog_source *)ctx)->ranges[chunk].range;
	uint8_t md5[GOG_MD5];

	if (n != r->n || !gog_chunk_md5(p, n, md5) || memcmp(md5, r->md5, GOG_MD5) != 0)
		return fault_set(f, RC_MALFORMED, "a range of the installer is not what GOG's checksums say");
	buf_put(plain, p, n);
	return plain->bad ? RC_NOMEM : RC_OK;
}

static enum rc downlink(struct gog_source *s, size_t part, const char **ret_checksum, struct fault *f)
{
	struct http_answer a = { 0 };

	enum rc rc = gog_source_ask(s, s->asked[part], true, 0, &a, f);
	if (rc == RC_OK)
		rc = gog_answers_downlink(a.body.p, a.body.n, &s->arena, &s->parts[part], ret_checksum, f);
	http_answer_done(&a);
	return rc;
}

/* Links are good for some hours. */
static enum rc renew(void *ctx, struct fault *f)
{
	struct gog_source *s = ctx;
	const char *checksum;
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < s->parts_n; i++)
		rc = downlink(s, i, &checksum, f);
	return rc;
}

/* ---- the listing ---- */

static const struct gog_installer *choose(const struct gog_source *s, const struct gog_product *p)
{
	const char *os = s->want->os ? s->want->os : "windows", *lang = s->want->lang ? s->want->lang : "en";

	for (size_t i = 0; i < p->installers_n; i++)
		if (p->installers[i].os && !strcasecmp(p->installers[i].os, os) && p->installers[i].language &&
			!strcasecmp(p->installers[i].language, lang))
			return &p->installers[i];
	return NULL;
}

static enum rc no_memory(struct fault *f)
{
	return fault_set(f, RC_TOO_LARGE, "the installer's list of files does not fit into memory");
}

/* The ranges of one part become chunks, and the part a file. */
static enum rc add_part(struct gog_source *s, size_t part, const struct gog_sums *sums, struct fault *f)
{
	struct content_listing *l = &s->listing;
	struct content_file *file = &l->files[l->files_n++];
	struct gog_source_range *ranges =
		arena_take(&s->arena, (l->chunks_n + sums->ranges_n + 1) * sizeof(*ranges));
	struct content_chunk *chunks = arena_take(&s->arena, (l->chunks_n + sums->ranges_n + 1) * sizeof(*chunks));

	*file = (struct content_file){ .path = sums->name,
		.size = sums->size,
		.flags = CONTENT_EXECUTABLE,
		.summed = true,
		.sum = { .kind = CONTENT_MD5 } };
	memcpy(file->sum.at, sums->md5, GOG_MD5);
	file->pieces = arena_take(&s->arena, (sums->ranges_n + 1) * sizeof(*file->pieces));
	if (!ranges || !chunks || !file->pieces)
		return no_memory(f);
	if (l->chunks_n) {
		memcpy(ranges, s->ranges, l->chunks_n * sizeof(*ranges));
		memcpy(chunks, l->chunks, l->chunks_n * sizeof(*chunks));
	}
	for (size_t i = 0; i < sums->ranges_n; i++, l->chunks_n++) {
		const struct gog_range *r = &sums->ranges[i];
		ranges[l->chunks_n] = (struct gog_source_range){ (uint32_t)part, *r };
		chunks[l->chunks_n] =
			(struct content_chunk){ .sum = { .kind = CONTENT_MD5 }, .size = r->n, .packed = r->n };
		memcpy(chunks[l->chunks_n].sum.at, r->md5, GOG_MD5);
		file->pieces[file->pieces_n++] = (struct content_piece){ r->from, (uint32_t)l->chunks_n, 0, r->n };
	}
	s->ranges = ranges;
	l->chunks = chunks;
	return RC_OK;
}

static enum rc read_part(struct gog_source *s, size_t part, struct fault *f)
{
	struct http_answer a = { 0 };
	struct gog_sums sums = { 0 };
	const char *checksum = NULL;

	enum rc rc = downlink(s, part, &checksum, f);
	if (rc == RC_OK && !checksum) {
		s->task->code = "not_found";
		return fault_set(f, RC_MISSING,
			"GOG has no checksums of this installer, and without them it is not fetched");
	}
	if (rc == RC_OK)
		rc = gog_source_ask(s, checksum, false, XML_MAX, &a, f);
	if (rc == RC_OK)
		rc = gog_answers_sums(a.body.p, a.body.n, &s->arena, &sums, f);
	http_answer_done(&a);
	return rc == RC_OK ? add_part(s, part, &sums, f) : rc;
}

static enum rc read_installer(struct gog_source *s, const struct gog_installer *in, struct fault *f)
{
	enum rc rc = RC_OK;

	s->build = in->version ? in->version : "0";
	s->parts = arena_take(&s->arena, (in->parts_n + 1) * sizeof(*s->parts));
	s->asked = arena_take(&s->arena, (in->parts_n + 1) * sizeof(*s->asked));
	s->listing.files = arena_take(&s->arena, (in->parts_n + 1) * sizeof(*s->listing.files));
	if (!s->parts || !s->asked || !s->listing.files)
		return no_memory(f);
	for (; rc == RC_OK && s->parts_n < in->parts_n; s->parts_n++) {
		s->asked[s->parts_n] = in->parts[s->parts_n].link;
		rc = read_part(s, s->parts_n, f);
	}
	return rc;
}

enum rc gog_installer_open(struct gog_source *s, struct fault *f)
{
	struct http_answer a = { 0 };
	struct gog_product product;
	const char *url = arena_fmt(&s->arena, "%s/products/%s?expand=downloads,changelog&locale=en-US",
		s->task->shops->gog_api_url, s->want->product_id);

	s->fetch.site = (struct shop_fetch_site){
		.ctx = s, .address = address, .most = most, .open = open_range, .renew = renew
	};
	enum rc rc = gog_source_ask(s, url, false, 0, &a, f);
	if (rc == RC_OK)
		rc = gog_answers_product(a.body.p, a.body.n, &s->arena, &product, f);
	http_answer_done(&a);
	if (rc != RC_OK)
		return rc;
	const struct gog_installer *in = choose(s, &product);
	if (in)
		return read_installer(s, in, f);
	s->task->code = "not_found";
	return fault_set(f, RC_MISSING, "GOG has no installer of this product for this system and language");
}
