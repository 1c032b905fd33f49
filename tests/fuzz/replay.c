/* Runs a harness over every file of the folders and files it is given, without a fuzzer: the corpus is an ordinary test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int one(const char *path)
{
	static uint8_t bytes[1 << 20];
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		return -1;
	}
	LLVMFuzzerTestOneInput(bytes, fread(bytes, 1, sizeof(bytes), f));
	fclose(f);
	return 1;
}

static int folder(const char *path)
{
	DIR *d = opendir(path);
	if (!d)
		return one(path);
	int ran = 0;
	for (struct dirent *e; ran >= 0 && (e = readdir(d));) {
		char file[4096];
		if (e->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		ran = one(file) < 0 ? -1 : ran + 1;
	}
	closedir(d);
	return ran;
}

int main(int argc, char **argv)
{
	int ran = 0;
	for (int i = 1; i < argc; i++) {
		int n = folder(argv[i]);
		if (n <= 0) {
			fprintf(stderr, "%s: nothing to replay\n", argv[i]);
			return 1;
		}
		ran += n;
	}
	printf("%d inputs replayed\n", ran);
	return ran == 0;
}
