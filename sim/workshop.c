#include "sim/workshop.h"

#include "base/scan.h"
#include "io/file.h"
#include "sim/services.h"
#include "wire/steam/eresult.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHILDREN_MAX 100
#define ASK_MAX      1000 /* items of one question */
#define COLLECTION   2    /* file_type */

struct workshop {
	struct arena arena; /* of all items */
	PublishedFileDetails *items[WORKSHOP_ITEMS_MAX];
	size_t n;
	struct workshop_ugc files[WORKSHOP_UGC_MAX];
	size_t files_n;
};

void workshop_free(struct workshop *w)
{
	if (w)
		arena_done(&w->arena);
	for (size_t i = 0; w && i < w->files_n; i++)
		buf_done(&w->files[i].body);
	free(w);
}

static PublishedFileDetails *known(const struct workshop *w, uint64_t id)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->items[i]->publishedfileid == id)
			return w->items[i];
	return NULL;
}

static struct workshop_ugc *file_of(struct workshop *w, uint64_t id)
{
	for (size_t i = 0; i < w->files_n; i++)
		if (w->files[i].id == id)
			return &w->files[i];
	return NULL;
}

/* Where a content server has an item's file is known when there is one. */
PublishedFileDetails *workshop_item(const struct sim *s, uint64_t id)
{
	PublishedFileDetails *d = s->workshop ? known(s->workshop, id) : NULL;

	if (d && s->cdn_hosts_n && (!d->file_url || !*d->file_url) && file_of(s->workshop, id))
		d->file_url = arena_fmt(&s->workshop->arena, "http://%s/ugc/%" PRIu64 "/file", s->cdn_hosts[0], id);
	return d;
}

const struct workshop_ugc *workshop_ugc(const struct sim *s, const char *path)
{
	uint64_t id;

	if (!s->workshop || !scan_u64(&path, "/ugc/", UINT64_MAX, &id) || strcmp(path, "/file") != 0)
		return NULL;
	return file_of(s->workshop, id);
}

PublishedFileDetails *workshop_by_handle(const struct sim *s, uint64_t handle)
{
	for (size_t i = 0; s->workshop && i < s->workshop->n; i++) {
		PublishedFileDetails *d = s->workshop->items[i];
		if (d->hcontent_file == handle && d->file_url && *d->file_url)
			return d;
	}
	return NULL;
}

/* ---- JSON into a message, by its own table of fields ---- */

static uint64_t number_of(const json_t *v)
{
	if (json_is_string(v))
		return strtoull(json_string_value(v), NULL, 10);
	return json_is_boolean(v) ? json_is_true(v) : (uint64_t)json_integer_value(v);
}

/* Members of simple kinds only; others, and those that the message does not have, are passed over. */
static void fill(ProtobufCMessage *m, const json_t *from, struct arena *a)
{
	static const char *const old[][2] = { { "creator_app_id", "creator_appid" },
		{ "consumer_app_id", "consumer_appid" } };
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)from, key, v)
	{
		for (size_t i = 0; i < 2; i++)
			key = strcmp(key, old[i][0]) ? key : old[i][1];
		const ProtobufCFieldDescriptor *f =
			protobuf_c_message_descriptor_get_field_by_name(m->descriptor, key);
		if (!f || f->label == PROTOBUF_C_LABEL_REPEATED || f->type == PROTOBUF_C_TYPE_MESSAGE)
			continue;
		char *at = (char *)m + f->offset;
		uint64_t n = number_of(v);
		if (f->type == PROTOBUF_C_TYPE_STRING) {
			char *copy = arena_str(a, json_is_string(v) ? json_string_value(v) : "");
			memcpy(at, &copy, sizeof(copy));
			continue;
		}
		if (f->type == PROTOBUF_C_TYPE_UINT64 || f->type == PROTOBUF_C_TYPE_FIXED64) {
			memcpy(at, &n, sizeof(n));
		} else if (f->type == PROTOBUF_C_TYPE_BOOL || f->type == PROTOBUF_C_TYPE_UINT32 ||
			   f->type == PROTOBUF_C_TYPE_INT32) {
			uint32_t small = (uint32_t)n;
			memcpy(at, &small, sizeof(small));
		} else {
			continue;
		}
		protobuf_c_boolean yes = 1;
		memcpy((char *)m + f->quantifier_offset, &yes, sizeof(yes));
	}
}

static void fill_lists(PublishedFileDetails *d, const json_t *from, struct arena *a)
{
	const json_t *tags = json_object_get(from, "tags"), *children = json_object_get(from, "children");
	size_t tags_n = json_array_size(tags), children_n = json_array_size(children);

	d->tags = arena_take(a, (tags_n + 1) * sizeof(void *));
	d->children = arena_take(a, (children_n + 1) * sizeof(void *));
	for (size_t i = 0; d->tags && i < tags_n; i++) {
		PublishedFileDetails__Tag *t = arena_take(a, sizeof(*t));
		if (!t)
			return;
		published_file_details__tag__init(t);
		fill(&t->base, json_array_get(tags, i), a);
		d->tags[d->n_tags++] = t;
	}
	for (size_t i = 0; d->children && i < children_n; i++) {
		PublishedFileDetails__Child *c = arena_take(a, sizeof(*c));
		if (!c)
			return;
		published_file_details__child__init(c);
		fill(&c->base, json_array_get(children, i), a);
		d->children[d->n_children++] = c;
	}
}

static PublishedFileDetails *new_item(struct workshop *w)
{
	PublishedFileDetails *d = w->n < WORKSHOP_ITEMS_MAX ? arena_take(&w->arena, sizeof(*d)) : NULL;
	if (!d)
		return NULL;
	published_file_details__init(d);
	d->has_result = d->has_publishedfileid = 1;
	d->result = ERESULT_OK;
	w->items[w->n++] = d;
	return d;
}

static enum rc read_answer(struct workshop *w, const char *path, struct fault *f)
{
	struct buf in = { 0 };
	json_error_t error;

	enum rc rc = file_read(path, WORKSHOP_FILE_MAX, &in, f);
	if (rc != RC_OK)
		return rc;
	json_t *doc = json_loadb((const char *)in.p, in.n, 0, &error);
	const json_t *list = json_object_get(json_object_get(doc, "response"), "publishedfiledetails");
	buf_done(&in);
	if (!json_is_array(list))
		rc = fault_set(f, RC_INVALID, "workshop %s: no answer with publishedfiledetails", path);
	for (size_t i = 0; rc == RC_OK && i < json_array_size(list); i++) {
		PublishedFileDetails *d = new_item(w);
		if (!d) {
			rc = fault_set(f, RC_TOO_LARGE, "workshop: at most %d items", WORKSHOP_ITEMS_MAX);
			break;
		}
		fill(&d->base, json_array_get(list, i), &w->arena);
		fill_lists(d, json_array_get(list, i), &w->arena);
	}
	json_decref(doc);
	return rc;
}

/* ---- an item in words ---- */

static bool add_children(PublishedFileDetails *d, const char *list, struct arena *a)
{
	d->children = arena_take(a, CHILDREN_MAX * sizeof(void *));
	d->n_children = 0;
	while (d->children && *list && d->n_children < CHILDREN_MAX) {
		PublishedFileDetails__Child *c = arena_take(a, sizeof(*c));
		if (!c)
			return false;
		published_file_details__child__init(c);
		c->has_publishedfileid = c->has_sortorder = 1;
		c->publishedfileid = strtoull(list, NULL, 10);
		c->sortorder = (uint32_t)d->n_children;
		d->children[d->n_children++] = c;
		list += strcspn(list, ",");
		list += *list == ',';
	}
	d->has_file_type = d->has_num_children = 1;
	d->file_type = COLLECTION;
	d->num_children = (uint32_t)d->n_children;
	return d->children && !*list;
}

static bool set_word(PublishedFileDetails *d, const char *key, const char *value, struct arena *a)
{
	if (!strcmp(key, "app")) {
		d->has_consumer_appid = d->has_creator_appid = 1;
		d->consumer_appid = d->creator_appid = (uint32_t)strtoul(value, NULL, 10);
	} else if (!strcmp(key, "manifest")) {
		d->has_hcontent_file = 1;
		d->hcontent_file = strtoull(value, NULL, 10);
	} else if (!strcmp(key, "url")) {
		d->file_url = arena_str(a, value);
	} else if (!strcmp(key, "filename")) {
		d->filename = arena_str(a, value);
	} else if (!strcmp(key, "title")) {
		d->title = arena_str(a, value);
	} else if (!strcmp(key, "size")) {
		d->has_file_size = 1;
		d->file_size = strtoull(value, NULL, 10);
	} else if (!strcmp(key, "updated")) {
		d->has_time_updated = 1;
		d->time_updated = (uint32_t)strtoul(value, NULL, 10);
	} else if (!strcmp(key, "children")) {
		return add_children(d, value, a);
	} else if (!strcmp(key, "private")) {
		d->result = ERESULT_ACCESS_DENIED;
	} else if (!strcmp(key, "public")) {
		d->result = ERESULT_OK;
	} else if (!strcmp(key, "removed")) {
		d->result = ERESULT_FILE_NOT_FOUND;
	} else {
		return false;
	}
	return true;
}

static enum rc read_file(struct workshop *w, uint64_t id, const char *folder, const char *name, struct fault *f)
{
	char path[1024];
	struct workshop_ugc *to = file_of(w, id);

	if (!to && w->files_n == WORKSHOP_UGC_MAX)
		return fault_set(f, RC_TOO_LARGE, "workshop: at most %d files", WORKSHOP_UGC_MAX);
	if (!to)
		to = &w->files[w->files_n++];
	to->id = id;
	to->body.n = 0;
	snprintf(path, sizeof(path), "%s%s", *name == '/' ? "" : folder, name);
	return file_read(path, WORKSHOP_UGC_BYTES, &to->body, f);
}

static enum rc read_words(struct workshop *w, const char *folder, uint64_t id, char *rest, struct fault *f)
{
	PublishedFileDetails *d = known(w, id);
	if (!d)
		d = new_item(w);
	if (!d)
		return fault_set(f, RC_TOO_LARGE, "workshop: at most %d items", WORKSHOP_ITEMS_MAX);
	d->publishedfileid = id;
	for (char *t; (t = strtok_r(NULL, " \t", &rest));) {
		char *value = strchr(t, '=');
		if (value)
			*value++ = 0;
		struct workshop_ugc *own = file_of(w, id);
		if (value && !strcmp(t, "file")) {
			enum rc rc = read_file(w, id, folder, value, f);
			if (rc != RC_OK)
				return rc;
			continue;
		}
		if (own && !strcmp(t, "unranged")) {
			own->unranged = true;
			continue;
		}
		if (!set_word(d, t, value ? value : "", &w->arena))
			return fault_set(f, RC_INVALID, "workshop %" PRIu64 ": does not know '%s'", id, t);
	}
	return RC_OK;
}

enum rc workshop_line(struct sim *s, const char *folder, const char *line, struct fault *f)
{
	auto_free char *text = strdup(line);
	char *rest = NULL, *word = text ? strtok_r(text, " \t", &rest) : NULL, path[1024], *end;

	if (!word || strcmp(word, "workshop") != 0)
		return RC_MISSING;
	const char *what = strtok_r(NULL, " \t", &rest);
	if (!what)
		return fault_set(f, RC_INVALID, "workshop: write a file, or an id and what it is");
	if (!s->workshop)
		s->workshop = calloc(1, sizeof(*s->workshop));
	if (!s->workshop)
		return fault_set(f, RC_NOMEM, "no memory for the workshop");
	uint64_t id = strtoull(what, &end, 10);
	if (!*end)
		return read_words(s->workshop, folder, id, rest, f);
	snprintf(path, sizeof(path), "%s%s", folder, what);
	return read_answer(s->workshop, path, f);
}

/* ---- the question ---- */

int32_t workshop_get_details(struct service_call *c)
{
	const CPublishedFileGetDetailsRequest *m = (const CPublishedFileGetDetailsRequest *)c->in;
	CPublishedFileGetDetailsResponse out = CPUBLISHED_FILE__GET_DETAILS__RESPONSE__INIT;

	if (m->n_publishedfileids > ASK_MAX)
		return ERESULT_INVALID_PARAM;
	out.publishedfiledetails = arena_take(c->arena, (m->n_publishedfileids + 1) * sizeof(void *));
	for (size_t i = 0; out.publishedfiledetails && i < m->n_publishedfileids; i++) {
		PublishedFileDetails *d = workshop_item(c->sim, m->publishedfileids[i]);
		if (!d || d->result != ERESULT_OK) {
			uint32_t result = d ? d->result : ERESULT_FILE_NOT_FOUND;
			d = arena_take(c->arena, sizeof(*d));
			if (!d)
				return ERESULT_FAIL;
			published_file_details__init(d);
			d->has_result = d->has_publishedfileid = 1;
			d->result = result;
			d->publishedfileid = m->publishedfileids[i];
		}
		out.publishedfiledetails[out.n_publishedfiledetails++] = d;
	}
	service_say(c, &out.base);
	return ERESULT_OK;
}
