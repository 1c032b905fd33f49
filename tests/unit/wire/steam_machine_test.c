#include "wire/steam/machine.h"

#include "tests/unit/check.h"
#include "wire/steam/vdf_binary.h"

static void form(void)
{
	static const char *const paths[] = { "MessageObject/BB3", "MessageObject/FF2", "MessageObject/3B3" };
	uint8_t id[MACHINE_ID], again[MACHINE_ID], other[MACHINE_ID];
	struct arena a = { 0 };
	struct vdf *doc;

	machine_id("gordon", id);
	machine_id("gordon", again);
	machine_id("alyx", other);
	CHECK(!memcmp(id, again, sizeof(id)) && memcmp(id, other, sizeof(id)) != 0);
	CHECK(vdf_binary_parse(id, sizeof(id), &a, &doc, NULL) == RC_OK);
	CHECK(doc->children == 1 && doc->first->children == 3);
	for (unsigned i = 0; i < 3; i++) {
		const char *hex = vdf_text_at(doc, paths[i]);
		CHECK(hex && strlen(hex) == 40 && strspn(hex, "0123456789abcdef") == 40);
		CHECK(i == 0 || strcmp(hex, vdf_text_at(doc, paths[i - 1])) != 0);
	}
	arena_done(&a);
}

static void recognised(void)
{
	uint8_t id[MACHINE_ID];

	machine_id("gordon", id);
	CHECK(machine_is_id(id, sizeof(id)) && !machine_is_id(id, sizeof(id) - 1) && !machine_is_id(id, 0));
	for (unsigned i = 0; i < sizeof(id); i++) {
		id[i] ^= 0x80;
		CHECK(!machine_is_id(id, sizeof(id)));
		id[i] ^= 0x80;
	}
}

int main(void)
{
	form();
	recognised();
	return 0;
}
