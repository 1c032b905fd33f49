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
	{ .name = "max_mib",
		.type = FIELD_U32,
		IN(max_mib),
		.doc = "The store may take so many MiB; high_percent and low_percent count of that, too. 0: all of "
		       "its disk." },
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
	{ .name = "cache_dir",
		.type = FIELD_STR,
		IN(cache_dir),
		.doc = "Folder in which an agent keeps what it fetched; without it agent.dir/content. The same "
		       "disk as "
		       "downloads.dir saves a copy." },
	{ .name = "cache_mib",
		.type = FIELD_U32,
		IN(cache_mib),
		.doc = "An agent keeps at most so many MiB there; what was not used for the longest time goes "
		       "first. 0: as "
		       "much as the disk has room for." },
	{ .name = "cache_percent",
		.type = FIELD_U32,
		IN(cache_percent),
		.min = 1,
		.max = 100,
		.def = 90,
		.doc = "An agent takes no download that would fill the disk of its cache further." },
	{ .name = "slots",
		.type = FIELD_U32,
		IN(slots),
		.min = 1,
		.max = 10000,
		.def = 32,
		.doc = "So many downloads are fetched at once, over all agents; others wait for concurrency. The "
		       "same on "
		       "each control plane." },
	{ .name = "node_mbit",
		.type = FIELD_U32,
		IN(node_mbit),
		.doc = "All downloads of an agent together take at most so many Mbit/s; 0: no limit." },
	{ 0 },
};
