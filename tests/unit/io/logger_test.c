/* Lines of many threads arrive whole, and an endless one is cut and still ends. */
#include "io/logger.h"
#include "tests/unit/check.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#define THREADS 4
#define LINES   500

static void *talk(void *arg)
{
	for (int i = 0; i < LINES; i++)
		log_info((const struct log *)arg,
			"said it=%d tail=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", i);
	return NULL;
}

int main(void)
{
	char path[] = "/tmp/logger_test.XXXXXX", line[2 * LOGGER_LINE_MAX], *big = malloc(10000);
	int fd = mkostemp(path, O_APPEND);
	struct log log = logger_over(fd, LOG_LEVEL_INFO, false);
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, talk, &log) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	log_debug(&log, "not shown");
	memset(big, 'y', 9999);
	big[9999] = 0;
	log_warn(&log, "%s", big);

	FILE *f = fopen(path, "r");
	int whole = 0, cut = 0;
	while (fgets(line, sizeof(line), f)) {
		size_t n = strlen(line);
		CHECK(line[n - 1] == '\n');
		whole += strstr(line, " info  said it=") && !strcmp(line + n - 5, "xxxx\n");
		cut += n == LOGGER_LINE_MAX && strstr(line, " warn  yyy");
	}
	CHECK(whole == THREADS * LINES);
	CHECK(cut == 1);
	fclose(f);
	close(fd);
	unlink(path);
	free(big);
	return 0;
}
