/*
 * otlp: spans as OTLP/HTTP carries them (OpenTelemetry Protocol 1.x, ExportTraceServiceRequest), as JSON or protobuf, and what
 * the collector answers. Pure; any thread.
 */
#pragma once

#include "base/buf.h"
#include "wire/trace.h"

struct otlp_resource {
	const char *service_name, *service_version, *instance_id;
};

enum otlp_form { OTLP_PROTOBUF, OTLP_JSON };
extern const char
	*const otlp_form_words[]; /* http/protobuf, http/json: OTEL_EXPORTER_OTLP_PROTOCOL; ends in NULL */
const char *otlp_media_type(enum otlp_form form);

void otlp_request(
	enum otlp_form form, const struct otlp_resource *r, const struct span *spans, size_t n, struct buf *to);

/* How many spans the collector's 200 says it refused (partial success); 0 when the answer says nothing, or nothing legible. */
uint64_t otlp_rejected(enum otlp_form form, const void *p, size_t n);
