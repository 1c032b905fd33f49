/* manifest_form: the shape of a manifest in memory; see manifest. All of it lives in one arena. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MANIFEST_SHA        20
#define MANIFEST_KEY        32
#define MANIFEST_BYTES_MAX  (128u << 20) /* of one that is unzipped */
#define MANIFEST_FILES_MAX  1000000
#define MANIFEST_CHUNKS_MAX 4000000
#define MANIFEST_NAME_MAX   4096       /* bytes of a name, decrypted or not */
#define MANIFEST_MEMORY     (1u << 30) /* of the arena: what the largest may take */

enum manifest_flag {
	MANIFEST_EXECUTABLE = 32,
	MANIFEST_DIRECTORY = 64,
	MANIFEST_CUSTOM_EXECUTABLE = 128,
	MANIFEST_SYMLINK = 512,
};

struct manifest_chunk {
	uint8_t sha[MANIFEST_SHA]; /* its id, and of its content */
	uint32_t adler;            /* Adler-32 that begins with 0 */
	uint64_t offset;
	uint32_t size, packed; /* bytes; as it travels, encrypted */
};

struct manifest_file {
	const char *name; /* with back-slashes; encrypted: base64 */
	const char *link; /* of a symbolic link; else NULL. Encrypted like the name */
	uint64_t size;
	uint32_t flags;
	bool has_name_sha, has_sha;
	uint8_t name_sha[MANIFEST_SHA]; /* of the lower-case name. Some real ones are wrong */
	uint8_t sha[MANIFEST_SHA];      /* of the content; zeros when it is empty */
	struct manifest_chunk *chunks;  /* in any order */
	uint32_t chunks_n;
};

struct manifest {
	unsigned form; /* 5 or 4 */
	uint32_t depot, created;
	uint64_t gid;
	bool encrypted;        /* its names */
	uint64_t size, packed; /* of all its content */
	uint32_t unique_chunks;
	uint32_t crc_encrypted, crc_clear; /* of form 5: see manifest_crc. 0: not known */
	uint32_t flags;                    /* of form 4 */
	struct manifest_file *files;
	uint32_t files_n;
	const uint8_t *signature; /* NULL: none. Nobody checks it */
	size_t signature_n;
};
