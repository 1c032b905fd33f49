/*
 * cloud_event: an event of the log in the envelope of CloudEvents (v1.0.2, JSON format, structured mode), for those who ask for it:
 * pages, streams and webhooks.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

#define CLOUD_EVENT_MEDIA "application/cloudevents+json" /* of one event; there is no mode of batches */
#define CLOUD_EVENT_HEAD  "{\"specversion\":\"1.0\","    /* what each begins with, and no event of the log does */

/*
 * Appends the envelope of `event`, JSON as slice_put writes it (a ping or a gap have fewer members). The payload is `data`; what else the event
 * says are attributes: id, source (the log's epoch), type ("footplate." and the event's), subject (what it is about), time, dataschema, and the
 * extensions sequence, jobid, taskid, accountid, regionid, resource, actor, traceid, thin. RC_MALFORMED: it is no event. Any thread.
 */
must_check enum rc cloud_event_put(
	struct buf *to, const char *epoch, const char *event, size_t n, struct fault *fault);

/* In which words events are told. */
enum event_format { EVENT_NATIVE, EVENT_CLOUD };
extern const char *const event_format_words[]; /* native, cloudevents; ends in NULL */
