#include "wire/steam/pb.h"

/* What protobuf-c's allocator is given: the arena, and whether it was the arena that said no. */
struct from {
	struct arena *arena;
	bool full;
};

static void *get(void *ctx, size_t n)
{
	struct from *from = ctx;
	void *p = arena_take(from->arena, n);
	if (!p)
		from->full = true;
	return p;
}

static void put_back(void *ctx, void *p)
{
	(void)ctx;
	(void)p; /* the arena frees it with all the rest */
}

enum rc pb_unpack(const ProtobufCMessageDescriptor *d, const void *p, size_t n, struct arena *a,
	ProtobufCMessage **ret_message, struct fault *f)
{
	struct from from = { .arena = a };
	ProtobufCAllocator allocator = { .alloc = get, .free = put_back, .allocator_data = &from };

	ProtobufCMessage *m = protobuf_c_message_unpack(d, &allocator, n, p);
	/* protobuf-c lets field number 0 pass when its key is written in two bytes; it is no protobuf, and could not be read again
	 * once written. */
	for (unsigned i = 0; m && i < m->n_unknown_fields; i++)
		if (m->unknown_fields[i].tag == 0)
			m = NULL;
	if (m) {
		*ret_message = m;
		return RC_OK;
	}
	if (from.full)
		return fault_set(f, RC_TOO_LARGE, "%s: needs more memory than its limit allows", d->short_name);
	return fault_set(f, RC_MALFORMED, "%s: %zu bytes are not such a message", d->short_name, n);
}

void pb_pack(struct buf *to, const ProtobufCMessage *m)
{
	size_t n = protobuf_c_message_get_packed_size(m);
	uint8_t *p = buf_room(to, n);
	if (p)
		to->n += protobuf_c_message_pack(m, p);
}
