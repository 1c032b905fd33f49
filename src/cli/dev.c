#include "cli/nouns.h"
#include "cli/output.h"
#include "io/file.h"
#include "wire/json.h"
#include "wire/steam/describe.h"
#include "wire/steam/vdf.h"

#include <jansson.h>
#include <string.h>

typedef enum rc describe(const void *p, size_t n, struct buf *ret, struct fault *f);

static const char *const kinds[] = { "packet", "vdf", NULL };

/* As JSON when it can be read as such; a document deeper than JSON_DEPTH_MAX is printed as it was made. */
static void print(struct cmd *c, const struct buf *text)
{
	auto_json json_t *v = NULL;

	if (json_read((const char *)text->p, text->n, &v, NULL) == RC_OK)
		output_object(c, v);
	else
		cmd_write(c, text);
}

static enum cli_exit decode(struct cmd *c)
{
	static describe *const readers[] = { describe_packet, describe_vdf };
	const char *path = strcmp(c->arg[1], "-") ? c->arg[1] : "/dev/stdin";
	struct buf file = { 0 }, text = { 0 };
	struct fault f = { 0 };
	size_t kind = !strcmp(c->arg[0], kinds[0]) ? 0 : 1;

	if (file_read(path, VDF_BYTES_MAX, &file, &f) != RC_OK)
		return cmd_usage(c, "%s", f.text);
	enum rc rc = readers[kind](file.p, file.n, &text, &f);
	if (rc == RC_OK)
		print(c, &text);
	else
		cmd_say(c, "%s is no %s: %s", c->arg[1], kinds[kind], f.text);
	buf_done(&file);
	buf_done(&text);
	return rc == RC_OK ? CLI_OK : CLI_FAILED;
}

const struct verb dev_verbs[] = {
	{
		.name = "decode",
		.doc = "Prints a file of Steam's as JSON.",
		.args = { { .name = "KIND", .doc = "packet (one message as it travelled) or vdf.", .words = kinds },
			{ .name = "FILE", .doc = "The file; - is the standard input." } },
		.format = "json",
		.run = decode,
		.example = "footplate dev decode vdf appmanifest_440.acf",
	},
	{ 0 },
};
