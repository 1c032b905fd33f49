/* The settings of what was fetched and is kept, a section of conf_fields. */
#include "main/conf.h"

#define IN(member) .at = offsetof(struct conf, downloads.member) - offsetof(struct conf, downloads)

const struct field conf_downloads_fields[] = {
	{ .name = "dir",
		.type = FIELD_STR,
		IN(dir),
		.doc = "Folder of what was fetched; without it data.dir/artifacts. Control planes on one database "
		       "share "
		       "it." },
	{ .name = "high_percent",
		.type = FIELD_U32,
		IN(high_percent),
		.min = 1,
		.max = 100,
		.def = 90,
		.doc = "The disk of downloads.dir counts as full when so much of it is used: storage.watermark is "
		       "told." },
	{ .name = "low_percent",
		.type = FIELD_U32,
		IN(low_percent),
		.min = 1,
		.max = 100,
		.def = 85,
		.doc = "It counts as full until less than this is used." },
	{ .name = "grace_s",
		.type = FIELD_U32,
		IN(grace_s),
		.max = 86400,
		.def = 300,
		.doc = "What nobody uses any more is kept so many seconds." },
	{ 0 },
};
