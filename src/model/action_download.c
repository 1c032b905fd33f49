#include "model/action_download.h"

#include "model/action_rows.h"
#include "model/chunk_error.h"

#define DAY_S 86400

_Static_assert(ACTION_DOWNLOAD_ERRORS == CHUNK_ERROR_KINDS, "one count of each kind");

/* clang-format off */
static const struct field depot[] = {
	ACTION_ROW(action_download_depot, "id", id, FIELD_U32, "The depot.", ACTION_NEEDED),
	ACTION_ROW(action_download_depot, "manifest", manifest, FIELD_STR, "Its manifest; without one the branch's.",
		.flags = FIELD_NULLABLE | FIELD_OMIT, ACTION_DIGITS, .max = 20),
	{ 0 },
};

static const struct field source[] = {
	ACTION_ROW(action_download, "kind", source.kind, FIELD_STR, "depot, app, workshop_item, workshop_collection, epic or gog.",
		.max = 32, ACTION_NEEDED),
	ACTION_ROW(action_download, "appId", source.app_id, FIELD_U32, "The app; of depot and app."),
	ACTION_ROW(action_download, "id", source.id, FIELD_STR, "Id of the Workshop item or collection.", .max = 20,
		.chars = "0123456789", .flags = FIELD_NULLABLE),
	ACTION_ROWS(action_download, "depots", source.depots, depot, action_download_depot, "Depots; with app none means all that fit.",
		.max = ACTION_DOWNLOAD_DEPOTS_MAX),
	ACTION_ROW(action_download, "branch", source.branch, FIELD_STR, "The branch; without one public.", .max = 64, .flags = FIELD_NULLABLE),
	ACTION_ROW(action_download, "os", source.os, FIELD_STR, "windows, linux or macos; without one linux.", .max = 16, .flags = FIELD_NULLABLE),
	ACTION_ROW(action_download, "arch", source.arch, FIELD_STR, "32 or 64; without one 64.", .max = 16, .flags = FIELD_NULLABLE),
	ACTION_ROW(action_download, "lang", source.lang, FIELD_STR, "The language; without one english.", .max = 32, .flags = FIELD_NULLABLE),
	ACTION_ROW(action_download, "allDlc", source.all_dlc, FIELD_BOOL, "Depots of all DLC that the account has, not of the app alone."),
	ACTION_ROW(action_download, "includeDependencies", source.include_dependencies, FIELD_BOOL, "Also the items that the items need."),
	ACTION_ROW(action_download, "maxItems", source.max_items, FIELD_U32, "At most so many items of a collection.",
		.max = ACTION_DOWNLOAD_ITEMS_MAX),
	ACTION_ROW(action_download, "appName", source.app_name, FIELD_STR, "Epic's name of the app.", .max = 256, .flags = FIELD_NULLABLE),
	ACTION_ROW(action_download, "platform", source.platform, FIELD_STR, "Windows or Mac; of epic.", .max = 32, .flags = FIELD_NULLABLE),
	ACTION_ROW(action_download, "productId", source.product_id, FIELD_STR, "GOG's id of the product.", .max = 20,
		.chars = "0123456789", .flags = FIELD_NULLABLE),
	ACTION_ROW(action_download, "kindOf", source.kind_of, FIELD_STR, "installer or content; of gog.", .max = 16, .flags = FIELD_NULLABLE),
	{ 0 },
};

static const struct field filter[] = {
	ACTION_LIST(action_download, "include", filter.include, FIELD_STR, "Files that are taken: globs, or re: and an expression; none: all.",
		.max = ACTION_DOWNLOAD_FILTERS_MAX),
	ACTION_LIST(action_download, "exclude", filter.exclude, FIELD_STR, "Files that are left out.", .max = ACTION_DOWNLOAD_FILTERS_MAX),
	ACTION_LIST(action_download, "fileList", filter.file_list, FIELD_STR, "Files by their paths; none: all.",
		.max = ACTION_DOWNLOAD_FILES_MAX),
	{ 0 },
};

static const struct field package[] = {
	ACTION_ROW(action_download, "format", package.format, FIELD_STR, "none, zip, tar or tar.zst.", .max = 16, .flags = FIELD_NULLABLE),
	ACTION_ROW(action_download, "level", package.level, FIELD_U32, "How hard it is packed.", .max = 22),
	{ 0 },
};

static const struct field share[] = {
	ACTION_ROW(action_download, "tenantId", share.tenant_id, FIELD_STR, "Whose it is.", .flags = FIELD_NULLABLE),
	ACTION_ROW(action_download, "keyId", share.key_id, FIELD_STR, "The key that asked for it.", .flags = FIELD_NULLABLE),
	ACTION_ROW(action_download, "tenantBps", share.tenant_bps, FIELD_ID64, "Bits a second of the tenant; 0: no limit."),
	ACTION_ROW(action_download, "keyBps", share.key_bps, FIELD_ID64, "Bits a second of the key; 0: no limit."),
	ACTION_ROW(action_download, "jobBps", share.job_bps, FIELD_ID64, "Bits a second of this one; 0: no limit."),
	ACTION_ROW(action_download, "weight", share.weight, FIELD_U32, "Its share beside others; 0 is 1."),
	{ 0 },
};

static const struct field download[] = {
	ACTION_ROW(action_download, "downloadId", download_id, FIELD_STR, "The download.", .max = 64, ACTION_NEEDED),
	{ .name = "source", .type = FIELD_OBJ, .sub = source, .flags = FIELD_REQUIRED, .doc = "What is fetched." },
	ACTION_ROW(action_download, "branchPassword", branch_password, FIELD_STR, "Opens a private branch.", .max = 256,
		.flags = FIELD_SECRET | FIELD_NULLABLE | FIELD_OMIT),
	{ .name = "filter", .type = FIELD_OBJ, .sub = filter, .doc = "Which files of it." },
	{ .name = "package", .type = FIELD_OBJ, .sub = package, .doc = "The archive that is made of it." },
	{ .name = "share", .type = FIELD_OBJ, .sub = share, .doc = "Whose bandwidth it takes." },
	ACTION_ROW(action_download, "baseContent", base_content, FIELD_STR, "Id of the content of an earlier build, whose files may be used.",
		.max = 64, .flags = FIELD_NULLABLE),
	ACTION_ROW(action_download, "concurrency", concurrency, FIELD_U32, "Requests at once; 0: 8.", .max = 64),
	ACTION_ROW(action_download, "stallSeconds", stall_s, FIELD_U32, "It fails after so long without a good byte; 0: 600.", .max = DAY_S),
	ACTION_ROW(action_download, "maxBytes", max_bytes, FIELD_ID64, "It fails when it has more bytes; 0: no limit."),
	{ 0 },
};

static const struct field piece[] = {
	ACTION_ROW(action_download_piece, "depot", depot, FIELD_STR, "The depot.", ACTION_MAYBE),
	ACTION_ROW(action_download_piece, "manifest", manifest, FIELD_STR, "Its manifest.", ACTION_MAYBE),
	ACTION_ROW(action_download_piece, "item", item, FIELD_STR, "The Workshop item.", ACTION_MAYBE),
	{ 0 },
};

static const struct field download_result[] = {
	ACTION_ROW(action_download_result, "contentId", content_id, FIELD_STR, "SHA-256 of the content's listing."),
	ACTION_ROWS(action_download_result, "pieces", pieces, piece, action_download_piece, "What it was made of."),
	ACTION_ROW(action_download_result, "bytes", bytes, FIELD_ID64, "Bytes of its files."),
	ACTION_ROW(action_download_result, "files", files, FIELD_ID64, "How many files it has."),
	ACTION_ROW(action_download_result, "bytesNetwork", bytes_network, FIELD_ID64, "Bytes that came over the network."),
	ACTION_ROW(action_download_result, "bytesReused", bytes_reused, FIELD_ID64, "Bytes that were there already."),
	ACTION_ROW(action_download_result, "packageBytes", package_bytes, FIELD_ID64, "Bytes of the archive."),
	ACTION_ROW(action_download_result, "packageSha256", package_sha256, FIELD_STR, "SHA-256 of the archive.", ACTION_MAYBE),
	ACTION_ROW(action_download_result, "chunkErrors", chunk_errors, FIELD_OBJ, "Requests for chunks that failed, by why.",
		.sub = chunk_error_fields),
	{ 0 },
};

static const struct field server[] = {
	ACTION_ROW(action_download_server, "host", host, FIELD_STR, "The server."),
	ACTION_ROW(action_download_server, "rateBps", rate_bps, FIELD_ID64, "Bits a second that it gives."),
	ACTION_ROW(action_download_server, "errors", errors, FIELD_U32, "How often it failed."),
	{ 0 },
};

const struct field action_download_progress_fields[] = {
	ACTION_ROW(action_download_progress, "state", state, FIELD_STR,
		"resolving, allocating, downloading, verifying, packaging or publishing."),
	ACTION_ROW(action_download_progress, "bytesTotal", bytes_total, FIELD_ID64, "Bytes of its files."),
	ACTION_ROW(action_download_progress, "bytesDone", bytes_done, FIELD_ID64, "Of these, verified ones."),
	ACTION_ROW(action_download_progress, "bytesNetwork", bytes_network, FIELD_ID64, "Bytes that came over the network."),
	ACTION_ROW(action_download_progress, "bytesReused", bytes_reused, FIELD_ID64, "Bytes that were there already."),
	ACTION_ROW(action_download_progress, "packageDone", package_done, FIELD_ID64, "Bytes of the archive so far."),
	ACTION_ROW(action_download_progress, "filesTotal", files_total, FIELD_U32, "How many files it has."),
	ACTION_ROW(action_download_progress, "filesDone", files_done, FIELD_U32, "Of these, whole ones."),
	ACTION_LIST(action_download_progress, "currentFiles", current_files, FIELD_STR, "Some that are written now.", .max = 4),
	ACTION_ROW(action_download_progress, "rateBps", rate_bps, FIELD_ID64, "Bits a second, smoothed over 10 s."),
	ACTION_ROW(action_download_progress, "etaSeconds", eta_s, FIELD_I64, "Seconds to go; -1: not known.", .min = -1, .max = INT64_MAX),
	ACTION_ROW(action_download_progress, "tries", tries, FIELD_U32, "Requests that were made again."),
	ACTION_ROWS(action_download_progress, "servers", servers, server, action_download_server, "The servers that it comes from."),
	ACTION_ROW(action_download_progress, "chunkErrors", chunk_errors, FIELD_OBJ, "Requests for chunks that failed, by why.",
		.sub = chunk_error_fields),
	ACTION_ROW(action_download_progress, "besideBytes", beside_bytes, FIELD_ID64,
		"That its files take of the disk of the control plane's store, into which they are linked."),
	{ 0 },
};

static const struct field listed[] = {
	ACTION_ROW(action_manifests_list, "app", app, FIELD_U32, "The app.", ACTION_NEEDED),
	ACTION_ROW(action_manifests_list, "depot", depot, FIELD_U32, "One depot of it; 0: all."),
	ACTION_ROW(action_manifests_list, "branch", branch, FIELD_STR, "The branch; without one public.", .max = 64, .flags = FIELD_NULLABLE),
	{ 0 },
};

static const struct field manifest_row[] = {
	ACTION_ROW(action_manifest_row, "depot", depot, FIELD_STR, "The depot."),
	ACTION_ROW(action_manifest_row, "manifest", manifest, FIELD_STR, "The manifest."),
	ACTION_ROW(action_manifest_row, "branch", branch, FIELD_STR, "The branch."),
	ACTION_ROW(action_manifest_row, "size", size, FIELD_ID64, "Bytes of its files."),
	ACTION_ROW(action_manifest_row, "downloadSize", download_size, FIELD_ID64, "Bytes that have to be fetched."),
	{ 0 },
};

static const struct field listed_result[] = {
	ACTION_ROWS(action_manifests_list_result, "manifests", manifests, manifest_row, action_manifest_row, "The manifests."),
	{ 0 },
};

static const struct field diff[] = {
	ACTION_ROW(action_manifests_diff, "app", app, FIELD_U32, "The app.", ACTION_NEEDED),
	ACTION_ROW(action_manifests_diff, "depot", depot, FIELD_U32, "The depot.", ACTION_NEEDED),
	ACTION_ROW(action_manifests_diff, "from", from, FIELD_STR, "The earlier manifest.", .max = 20, ACTION_DIGITS, ACTION_NEEDED),
	ACTION_ROW(action_manifests_diff, "to", to, FIELD_STR, "The later manifest.", .max = 20, ACTION_DIGITS, ACTION_NEEDED),
	ACTION_ROW(action_manifests_diff, "branch", branch, FIELD_STR, "The branch; without one public.", .max = 64, .flags = FIELD_NULLABLE),
	{ 0 },
};

static const struct field change[] = {
	ACTION_ROW(action_manifest_change, "path", path, FIELD_STR, "The file."),
	ACTION_ROW(action_manifest_change, "change", change, FIELD_STR, "added, removed or changed."),
	ACTION_ROW(action_manifest_change, "size", size, FIELD_ID64, "Its bytes after it."),
	ACTION_ROW(action_manifest_change, "downloadSize", download_size, FIELD_ID64, "Bytes that have to be fetched for it."),
	{ 0 },
};

static const struct field diff_result[] = {
	ACTION_ROWS(action_manifests_diff_result, "files", files, change, action_manifest_change, "The files that differ."),
	ACTION_ROW(action_manifests_diff_result, "added", added, FIELD_ID64, "Files that are new."),
	ACTION_ROW(action_manifests_diff_result, "removed", removed, FIELD_ID64, "Files that are gone."),
	ACTION_ROW(action_manifests_diff_result, "changed", changed, FIELD_ID64, "Files that are others."),
	ACTION_ROW(action_manifests_diff_result, "downloadSize", download_size, FIELD_ID64, "Bytes that have to be fetched for all."),
	ACTION_ROW(action_manifests_diff_result, "cut", cut, FIELD_BOOL, "There are more files than are listed."),
	{ 0 },
};

static const struct field probe[] = {
	ACTION_ROW(action_manifests_probe, "app", app, FIELD_U32, "The app.", ACTION_NEEDED),
	ACTION_ROWS(action_manifests_probe, "depots", depots, depot, action_download_depot, "The depots, each with its manifest.",
		.min = 1, .max = ACTION_DOWNLOAD_DEPOTS_MAX, ACTION_NEEDED),
	ACTION_ROW(action_manifests_probe, "branch", branch, FIELD_STR, "The branch; without one public.", .max = 64, .flags = FIELD_NULLABLE),
	{ 0 },
};

static const struct field probe_result[] = {
	ACTION_ROW(action_manifests_probe_result, "available", available, FIELD_BOOL, "All of them can be fetched."),
	ACTION_LIST(action_manifests_probe_result, "missing", missing, FIELD_STR, "Depots that cannot."),
	{ 0 },
};

static const struct field prefill[] = {
	ACTION_LIST(action_prefill, "apps", apps, FIELD_U32, "The apps.", .min = 1, .max = 100, ACTION_NEEDED),
	ACTION_ROW(action_prefill, "os", os, FIELD_STR, "windows, linux or macos; without one windows.", .max = 16, .flags = FIELD_NULLABLE),
	ACTION_ROW(action_prefill, "lang", lang, FIELD_STR, "The language; without one english.", .max = 32, .flags = FIELD_NULLABLE),
	ACTION_ROW(action_prefill, "force", force, FIELD_BOOL, "Also what was fetched before and has not changed."),
	ACTION_ROW(action_prefill, "concurrency", concurrency, FIELD_U32, "Requests at once; 0: 30.", .max = 128),
	ACTION_ROW(action_prefill, "maxBytes", max_bytes, FIELD_ID64, "It ends after so many; 0: all."),
	{ 0 },
};

static const struct field prefill_result[] = {
	ACTION_ROW(action_prefill_result, "bytes", bytes, FIELD_ID64, "Bytes that came."),
	ACTION_ROW(action_prefill_result, "hitPercent", hit_percent, FIELD_U32, "How much the cache had already; 0: it does not tell."),
	ACTION_ROW(action_prefill_result, "rateBps", rate_bps, FIELD_ID64, "Bits a second."),
	ACTION_ROW(action_prefill_result, "durationMs", took_ms, FIELD_ID64, "How long it took."),
	ACTION_ROW(action_prefill_result, "chunks", chunks, FIELD_ID64, "Chunks that came."),
	ACTION_ROW(action_prefill_result, "chunkP50Micros", p50_us, FIELD_ID64, "Half of them took no longer."),
	ACTION_ROW(action_prefill_result, "chunkP99Micros", p99_us, FIELD_ID64, "99 of 100 took no longer."),
	ACTION_ROW(action_prefill_result, "tries", tries, FIELD_U32, "Requests for chunks and manifests."),
	ACTION_ROW(action_prefill_result, "errors", errors, FIELD_U32, "Of these, those that failed."),
	ACTION_ROWS(action_prefill_result, "servers", servers, server, action_download_server,
		"The servers that were asked: their rate for one connection, and what failed meanwhile."),
	{ 0 },
};
/* clang-format on */

static const char *const lanes_info[] = { "cm.job", "pics.info", NULL };
static const char *const lanes_job[] = { "cm.job", NULL };

const struct action action_download_run = {
	.name = "download.run",
	.class = TASK_READ,
	.scope = SCOPE_DOWNLOADS_READ,
	.target = ACTION_TARGET_EITHER,
	.own = true,
	.timeout_s = ACTION_TIMEOUT_MAX_S, /* what ends it is stallSeconds, and who asked for it */
	ACTION_SHAPES(download, action_download, download_result, action_download_result),
	.lanes = lanes_info,
	.doc = "Fetches content and brings it to the control plane's store. The control plane makes these of "
	       "downloads.",
};

const struct action action_manifests_diff = {
	.name = "manifests.diff",
	.class = TASK_READ,
	.scope = SCOPE_DOWNLOADS_READ,
	.target = ACTION_TARGET_EITHER,
	.timeout_s = 300,
	ACTION_SHAPES(diff, action_manifests_diff, diff_result, action_manifests_diff_result),
	.lanes = lanes_info,
	.doc = "Compares two manifests of a depot: files that came, went and changed, and what an update has to "
	       "fetch.",
};

const struct action action_manifests_list = {
	.name = "manifests.list",
	.class = TASK_READ,
	.scope = SCOPE_DOWNLOADS_READ,
	.target = ACTION_TARGET_EITHER,
	.timeout_s = 60,
	ACTION_SHAPES(listed, action_manifests_list, listed_result, action_manifests_list_result),
	.lanes = lanes_info,
	.doc = "Lists the manifests of an app's depots on a branch.",
};

const struct action action_manifests_probe = {
	.name = "manifests.probe",
	.class = TASK_READ,
	.scope = SCOPE_DOWNLOADS_READ,
	.target = ACTION_TARGET_EITHER,
	.timeout_s = 60,
	ACTION_SHAPES(probe, action_manifests_probe, probe_result, action_manifests_probe_result),
	.lanes = lanes_job,
	.doc = "Finds out whether manifests can be fetched already: Steam gives their code, and a content server "
	       "has them.",
};

const struct action action_prefill_run = {
	.name = "prefill.run",
	.class = TASK_READ,
	.scope = SCOPE_PREFILL_WRITE,
	.target = ACTION_TARGET_EITHER,
	.timeout_s = DAY_S,
	ACTION_SHAPES(prefill, action_prefill, prefill_result, action_prefill_result),
	.lanes = lanes_info,
	.doc = "Fetches all of some apps and keeps nothing, so that a cache in the local network has it.",
};
