#include "control/events/cloud_event.h"
#include "wire/json.h"

#include <inttypes.h>
#include <jansson.h>

const char *const event_format_words[] = { "native", "cloudevents", NULL };

/* `before` needs no escapes. */
static void put_text(struct buf *to, const char *name, const char *before, const char *text)
{
	struct buf whole = { 0 };

	buf_str(&whole, before);
	buf_str(&whole, text);
	buf_fmt(to, "\"%s\":", name);
	json_put_strn(to, buf_text(&whole), whole.n);
	buf_u8(to, ',');
	to->bad |= whole.bad;
	buf_done(&whole);
}

static const char *text_of(const json_t *event, const char *name)
{
	return json_string_value(json_object_get(event, name));
}

/* What it is about: the narrowest thing that it names. */
static const char *subject_of(const json_t *event)
{
	static const char *const names[] = { "taskId", "jobId", "resource", "accountId", "regionId" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *text = text_of(event, names[i]);
		if (text)
			return text;
	}
	return NULL;
}

static void put_extensions(struct buf *to, const json_t *event)
{
	/* Names of attributes are lower case letters and digits. */
	static const struct {
		const char *member, *attribute;
	} all[] = {
		{ "jobId", "jobid" },
		{ "taskId", "taskid" },
		{ "accountId", "accountid" },
		{ "regionId", "regionid" },
		{ "resource", "resource" },
		{ "actor", "actor" },
		{ "traceId", "traceid" },
	};
	const json_t *pos = json_object_get(event, "pos");

	if (pos) /* of the extension "sequence": texts that sort as the numbers do */
		buf_fmt(to, "\"sequence\":\"%019" PRId64 "\",", (int64_t)json_integer_value(pos));
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		const char *text = text_of(event, all[i].member);
		if (text)
			put_text(to, all[i].attribute, "", text);
	}
	if (json_is_true(json_object_get(event, "thin")))
		buf_str(to, "\"thin\":true,");
}

static enum rc put_data(struct buf *to, const json_t *event)
{
	const json_t *payload = json_object_get(event, "payload"), *from = json_object_get(event, "from"),
		     *until = json_object_get(event, "to");

	if (payload || from)
		buf_str(to, ",\"data\":");
	if (from) /* a gap has its ends in place of a payload */
		buf_fmt(to, "{\"from\":%" PRId64 ",\"to\":%" PRId64 "}", (int64_t)json_integer_value(from),
			(int64_t)json_integer_value(until));
	return payload ? json_put(to, payload, false) : RC_OK;
}

enum rc cloud_event_put(struct buf *to, const char *epoch, const char *event, size_t n, struct fault *fault)
{
	auto_json json_t *whole = NULL;
	enum rc rc = json_read(event, n, &whole, fault);

	if (rc != RC_OK)
		return rc;
	const char *id = text_of(whole, "id"), *type = text_of(whole, "type"), *ts = text_of(whole, "ts"),
		   *schema = text_of(whole, "schema"), *subject = subject_of(whole);
	if (!id || !type)
		return fault_set(fault, RC_MALFORMED, "an event without an id or a type");
	buf_str(to, CLOUD_EVENT_HEAD);
	put_text(to, "id", "", id);
	put_text(to, "source", "urn:footplate:log:", epoch);
	put_text(to, "type", "footplate.", type);
	if (subject)
		put_text(to, "subject", "", subject);
	if (ts)
		put_text(to, "time", "", ts);
	if (schema)
		put_text(to, "dataschema", "urn:footplate:schema:", schema);
	put_extensions(to, whole);
	buf_str(to, "\"datacontenttype\":\"application/json\"");
	rc = put_data(to, whole);
	buf_u8(to, '}');
	return rc == RC_OK && to->bad ? RC_NOMEM : rc;
}
