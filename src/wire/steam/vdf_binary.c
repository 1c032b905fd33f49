#include "wire/steam/vdf_binary.h"

#include "base/rd.h"

#include <string.h>

enum tag {
	TAG_OBJECT = 0,
	TAG_STR = 1,
	TAG_I32 = 2,
	TAG_F32 = 3,
	TAG_PTR = 4,
	TAG_COLOR = 6,
	TAG_U64 = 7,
	TAG_END = 8,
	TAG_I64 = 10,
	TAG_END_OTHER = 11,
};

static const uint8_t tag_of[] = {
	[VDF_OBJECT] = TAG_OBJECT,
	[VDF_STR] = TAG_STR,
	[VDF_I32] = TAG_I32,
	[VDF_F32] = TAG_F32,
	[VDF_PTR] = TAG_PTR,
	[VDF_COLOR] = TAG_COLOR,
	[VDF_U64] = TAG_U64,
	[VDF_I64] = TAG_I64,
};

static bool kind_of(uint8_t tag, enum vdf_kind *ret)
{
	for (size_t i = 0; i < sizeof(tag_of); i++)
		if (tag_of[i] == tag) {
			*ret = (enum vdf_kind)i;
			return true;
		}
	return false;
}

/* False when the arena is full. */
static bool read_value(struct rd *r, struct arena *a, struct vdf *v)
{
	uint32_t bits;
	const char *s;

	switch (v->kind) {
	case VDF_OBJECT:
		return true;
	case VDF_STR:
		s = rd_cstr(r);
		v->s = arena_str(a, s ? s : "");
		return v->s != NULL;
	case VDF_I32:
	case VDF_PTR:
	case VDF_COLOR:
		v->i32 = (int32_t)rd_le32(r);
		return true;
	case VDF_F32:
		bits = rd_le32(r);
		memcpy(&v->f32, &bits, sizeof(bits));
		return true;
	case VDF_U64:
		v->u64 = rd_le64(r);
		return true;
	case VDF_I64:
		v->i64 = (int64_t)rd_le64(r);
		return true;
	}
	return false;
}

static enum rc read_node(struct rd *r, struct arena *a, struct vdf *parent, uint8_t tag, struct fault *f)
{
	enum vdf_kind kind;
	if (!kind_of(tag, &kind))
		return fault_set(f, RC_MALFORMED, "binary VDF: a node of unknown type %u", tag);
	const char *key = rd_cstr(r);
	if (!key)
		return fault_set(f, RC_MALFORMED, "binary VDF: cut off inside a name");

	struct vdf *v = vdf_add(parent, a, kind, key);
	if (!v || !read_value(r, a, v))
		return fault_set(f, RC_TOO_LARGE, "binary VDF: needs more memory than its limit allows");
	if (r->bad)
		return fault_set(f, RC_MALFORMED, "binary VDF: cut off inside the value of '%.40s'", key);
	return RC_OK;
}

/* Reads until the document's own end; open[depth] is the object that takes the next node. */
static enum rc read_all(struct rd *r, struct arena *a, struct vdf *doc, struct fault *f)
{
	struct vdf *open[VDF_DEPTH_MAX + 1] = { doc };
	unsigned depth = 0, nodes = 0;

	for (;;) {
		uint8_t tag = rd_u8(r);
		if (r->bad)
			return fault_set(f, RC_MALFORMED, "binary VDF: ends without its last end mark");
		if (tag == TAG_END || tag == TAG_END_OTHER) {
			if (depth-- == 0)
				return RC_OK;
			continue;
		}
		if (++nodes > VDF_NODES_MAX)
			return fault_set(f, RC_TOO_LARGE, "binary VDF: more than %u nodes", VDF_NODES_MAX);
		enum rc rc = read_node(r, a, open[depth], tag, f);
		if (rc != RC_OK)
			return rc;
		if (tag != TAG_OBJECT)
			continue;
		if (depth == VDF_DEPTH_MAX)
			return fault_set(f, RC_TOO_LARGE, "binary VDF: objects more than %u deep", VDF_DEPTH_MAX);
		struct vdf *inner = open[depth]->last;
		open[++depth] = inner;
	}
}

enum rc vdf_binary_parse(const void *p, size_t n, struct arena *a, struct vdf **ret_doc, struct fault *f)
{
	if (n > VDF_BYTES_MAX)
		return fault_set(f, RC_TOO_LARGE, "binary VDF: %zu bytes, at most %u are read", n, VDF_BYTES_MAX);
	struct vdf *doc = arena_take(a, sizeof(*doc));
	if (!doc)
		return fault_set(f, RC_TOO_LARGE, "binary VDF: needs more memory than its limit allows");
	doc->key = "";

	struct rd r = rd_over(p, n);
	enum rc rc = read_all(&r, a, doc, f);
	if (rc != RC_OK)
		return rc;
	if (rd_left(&r) > 0)
		return fault_set(f, RC_MALFORMED, "binary VDF: %zu bytes after its end", rd_left(&r));
	*ret_doc = doc;
	return RC_OK;
}

static void put_value(struct buf *to, const struct vdf *v)
{
	uint32_t bits;

	switch (v->kind) {
	case VDF_OBJECT:
		vdf_binary_write(to, v);
		return;
	case VDF_STR:
		buf_put(to, v->s, strlen(v->s) + 1);
		return;
	case VDF_I32:
	case VDF_PTR:
	case VDF_COLOR:
		buf_le32(to, (uint32_t)v->i32);
		return;
	case VDF_F32:
		memcpy(&bits, &v->f32, sizeof(bits));
		buf_le32(to, bits);
		return;
	case VDF_U64:
		buf_le64(to, v->u64);
		return;
	case VDF_I64:
		buf_le64(to, (uint64_t)v->i64);
		return;
	}
}

void vdf_binary_write(struct buf *to, const struct vdf *doc)
{
	for (const struct vdf *c = doc->first; c; c = c->next) {
		buf_u8(to, tag_of[c->kind]);
		buf_put(to, c->key, strlen(c->key) + 1);
		put_value(to, c);
	}
	buf_u8(to, TAG_END);
}
