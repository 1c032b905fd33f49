/* manifest_print KEY: reads a manifest from its input, decrypts its names with the key (64 hex digits), and prints what it says as JSON. */
#include "wire/steam/manifest.h"
#include "wire/steam/manifest_names.h"
#include "wire/tunnel_auth.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static json_t *hex_of(const uint8_t *sha)
{
	char hex[2 * MANIFEST_SHA + 1];

	tunnel_auth_hex(sha, MANIFEST_SHA, hex);
	return json_string(hex);
}

/* 64 bits as a text, for JavaScript. */
static json_t *number(uint64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, n);
	return json_string(text);
}

static json_t *chunks_of(const struct manifest_file *file)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < file->chunks_n; i++) {
		const struct manifest_chunk *c = &file->chunks[i];
		json_array_append_new(
			list, json_pack("{s:o,s:I,s:o,s:I,s:I}", "sha", hex_of(c->sha), "crc", (json_int_t)c->adler,
				      "offset", number(c->offset), "cb_original", (json_int_t)c->size,
				      "cb_compressed", (json_int_t)c->packed));
	}
	return list;
}

static json_t *file_of(const struct manifest_file *file)
{
	return json_pack("{s:s,s:s?,s:o,s:I,s:o,s:o,s:o}", "filename", file->name, "linktarget", file->link, "size",
		number(file->size), "flags", (json_int_t)file->flags, "sha_filename", hex_of(file->name_sha),
		"sha_content", hex_of(file->sha), "chunks", chunks_of(file));
}

static void print(const struct manifest *m)
{
	json_t *files = json_array();

	for (uint32_t i = 0; i < m->files_n; i++)
		json_array_append_new(files, file_of(&m->files[i]));
	json_t *all = json_pack("{s:I,s:o,s:I,s:o,s:o,s:I,s:o}", "depot_id", (json_int_t)m->depot, "gid_manifest",
		number(m->gid), "creation_time", (json_int_t)m->created, "cb_disk_original", number(m->size),
		"cb_disk_compressed", number(m->packed), "unique_chunks", (json_int_t)m->unique_chunks, "files",
		files);
	json_dumpf(all, stdout, JSON_COMPACT);
	json_decref(all);
}

int main(int argc, char **argv)
{
	static uint8_t in[1 << 20];
	struct arena a = { .limit = MANIFEST_MEMORY };
	struct manifest m;
	struct fault f = { 0 };
	uint8_t key[MANIFEST_KEY];
	size_t n = fread(in, 1, sizeof(in), stdin);

	for (size_t i = 0; argc == 2 && i < sizeof(key); i++)
		if (sscanf(argv[1] + 2 * i, "%2hhx", &key[i]) != 1)
			argc = 0;
	if (argc != 2 || strlen(argv[1]) != 2 * MANIFEST_KEY)
		return 2;
	enum rc rc = manifest_read(in, n, &a, &m, &f);
	if (rc == RC_OK)
		rc = manifest_names_decrypt(&m, key, &a, &f);
	if (rc == RC_OK)
		print(&m);
	else
		fprintf(stderr, "%s\n", f.text);
	arena_done(&a);
	return rc == RC_OK ? 0 : 1;
}
