#include "agent/identity.h"

#include "io/file.h"
#include "tests/unit/check.h"

#include <sys/stat.h>

int main(void)
{
	char dir[] = "/tmp/identity_test_XXXXXX", path[64];
	struct identity a = { .agent_id = "agt_1", .region_id = "reg_1", .secret = { 1, 2, 3 }, .control = { 9 } },
			b = { 0 };
	struct fault f = { 0 };
	struct stat st;

	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/identity.json", dir);
	CHECK(identity_load(path, &b, &f) == RC_MISSING);
	CHECK(identity_save(path, &a, &f) == RC_OK);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
	CHECK(identity_load(path, &b, &f) == RC_OK);
	CHECK_STR(b.agent_id, "agt_1");
	CHECK_STR(b.region_id, "reg_1");
	CHECK(!memcmp(a.secret, b.secret, 32) && !memcmp(a.control, b.control, 32));

	CHECK(chmod(path, 0644) == 0);
	CHECK(identity_load(path, &b, &f) == RC_DENIED && strstr(f.text, "chmod 600"));

	static const char *const wrong[] = { "", "{}",
		"{\"agentId\":\"a\",\"regionId\":\"r\",\"serverPublicKey\":\"00\"}",
		("{\"agentId\":\"a\",\"regionId\":\"r\",\"serverPublicKey\":"
		 "\"0000000000000000000000000000000000000000000000000000000000000000\"}") };
	memset(&b, 7, sizeof(b));
	for (int i = 0; i < 4; i++) {
		CHECK(file_write(path, wrong[i], strlen(wrong[i]), 0600, NULL) == RC_OK);
		f.text[0] = 0;
		CHECK(identity_load(path, &b, &f) != RC_OK && *f.text && b.agent_id[0] == 7);
	}
	identity_wipe(&a);
	CHECK(a.secret[0] == 0 && a.secret[2] == 0);
	unlink(path);
	rmdir(dir);
	return 0;
}
