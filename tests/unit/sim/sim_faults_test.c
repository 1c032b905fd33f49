/* Rules: which calls they fit, what they do together, and which are refused. */
#include "sim/faults.h"

#include "tests/unit/check.h"

static void add(struct faults *fs, const char *line)
{
	struct fault f = { 0 };
	if (faults_add(fs, line, &f) != RC_OK)
		fprintf(stderr, "%s\n", f.text);
	CHECK(f.rc == RC_OK);
}

static void calls(void)
{
	struct faults fs = { 0 };
	add(&fs, "logon@3,17,40-42,90+:eresult=43");
	static const uint64_t hit[] = { 3, 17, 40, 41, 42, 90, 91, 1000000 },
			      miss[] = { 1, 2, 4, 16, 18, 39, 43, 89 };
	for (size_t i = 0; i < 8; i++) {
		CHECK(faults_on(&fs, REQUEST_LOGON, hit[i]).eresult == 43);
		CHECK(faults_on(&fs, REQUEST_LOGON, miss[i]).eresult == 0);
		CHECK(faults_on(&fs, REQUEST_CHANGES, hit[i]).eresult == 0);
	}
	CHECK(fs.n == 1 && fs.at[0].hits == 8);
	faults_clear(&fs);
	CHECK(faults_on(&fs, REQUEST_LOGON, 3).eresult == 0);
}

static void together(void)
{
	struct faults fs = { 0 };
	add(&fs, "product_info@*:latency=250");
	add(&fs, "any@2:latency=100,drop");
	add(&fs, "product_info@1:pics_hang");
	add(&fs, "changes@1:pics_gap,pics_empty,missing_token,half_open,cm_drop");
	add(&fs, "directory@1:http=503");
	CHECK(faults_on(&fs, REQUEST_PRODUCT_INFO, 1).latency_ms == 30250);
	struct effect e = faults_on(&fs, REQUEST_PRODUCT_INFO, 2);
	CHECK(e.latency_ms == 350 && e.drop && !e.gap);
	e = faults_on(&fs, REQUEST_CHANGES, 1);
	CHECK(e.gap && e.empty && e.missing_token && e.half_open && e.cm_drop && !e.drop && e.latency_ms == 0);
	CHECK(faults_on(&fs, REQUEST_DIRECTORY, 1).http == 503);
	faults_clear(&fs);
}

static void refused(void)
{
	static const char *const bad[] = { "", "logon", "logon@1", "logon:drop", "nobody@1:drop", "logon@:drop",
		"logon@0x1:drop", "logon@5-3:drop", "logon@1,:drop", "logon@1:", "logon@1:explode",
		"logon@1:eresult", "logon@1:eresult=", "logon@1:eresult=0", "logon@1:eresult=x", "logon@1:drop=1",
		"logon@1:latency=3600001", "logon@1 :drop" };
	struct faults fs = { 0 };
	struct fault f;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		f = (struct fault){ 0 };
		if (faults_add(&fs, bad[i], &f) == RC_OK)
			fprintf(stderr, "taken: %s\n", bad[i]);
		CHECK(f.rc == RC_INVALID && f.text[0]);
	}
	CHECK(fs.n == 0);
	for (int i = 0; i < FAULTS_MAX; i++)
		add(&fs, "any@1:drop");
	CHECK(faults_add(&fs, "any@1:drop", &f) == RC_TOO_LARGE);
	faults_clear(&fs);
}

int main(void)
{
	calls();
	together();
	refused();
	return 0;
}
