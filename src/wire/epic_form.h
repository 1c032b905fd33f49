/* epic_form: the shape of an Epic manifest in memory; see epic_manifest. All of it lives in one arena. */
#pragma once

#include "base/field.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EPIC_SHA          20
#define EPIC_CHUNK_SIZE   (1u << 20)   /* of a chunk that does not say its own */
#define EPIC_CHUNK_MAX    (16u << 20)  /* bytes of a chunk, unpacked */
#define EPIC_MANIFEST_MAX (256u << 20) /* bytes of a manifest, unpacked */
#define EPIC_TEXT_MAX     4096         /* bytes of a name or path */
#define EPIC_LEVEL_JSON   13           /* of a JSON manifest that does not say its own */
#define EPIC_LEVEL_MAX    21           /* the newest that is known */

struct epic_guid {
	uint32_t word[4];
};

static inline bool epic_guid_same(const struct epic_guid *a, const struct epic_guid *b)
{
	return !memcmp(a, b, sizeof(*a));
}

struct epic_chunk {
	struct epic_guid guid;
	uint64_t hash; /* rolling, see epic_chunk_hash */
	uint8_t sha[EPIC_SHA];
	bool has_sha;
	uint8_t group;   /* the folder of its path */
	uint32_t size;   /* unpacked */
	uint64_t packed; /* as it travels, its head included */
};

/* `size` bytes of a chunk from `offset` on. The parts of a file stand one behind the other. */
struct epic_part {
	uint32_t chunk; /* its number in the manifest */
	uint32_t offset, size;
};

enum epic_flag { EPIC_READ_ONLY = 1, EPIC_COMPRESSED = 2, EPIC_EXECUTABLE = 4 };

struct epic_file {
	const char *name; /* with slashes; not looked at: it may be any text */
	const char *link; /* of a symbolic link; "" else */
	uint8_t sha[EPIC_SHA];
	unsigned flags;
	uint64_t size;
	struct epic_part *parts;
	uint32_t parts_n;
	struct field_list tags; /* of const char *: install tags */
	bool has_md5;
	uint8_t md5[16], sha256[32];
	const char *mime;
};

struct epic_manifest {
	uint32_t level; /* the feature level: decides the chunks' folder */
	bool json;      /* it came as JSON */
	bool file_data; /* a very old one, without chunks */
	uint32_t app_id;
	const char *app_name, *version; /* version: of the build */
	const char *exe, *command;
	struct field_list prereq_ids; /* of const char * */
	const char *prereq_name, *prereq_path, *prereq_args;
	const char *build_id;                          /* "" when it has none */
	const char *uninstall_action, *uninstall_args; /* "" when none */
	unsigned meta_form, files_form;                /* of the sections: 0 to 2 */
	struct epic_chunk *chunks;
	uint32_t chunks_n;
	struct epic_file *files;
	uint32_t files_n;
	uint64_t size, packed;    /* of all files; of all chunks as they travel */
	struct field_list custom; /* of struct field_pair */
};
