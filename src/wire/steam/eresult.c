#include "wire/steam/eresult.h"

const char *eresult_name(int32_t eresult)
{
	switch (eresult) {
#define ERESULT(id, number, name) \
	case number:              \
		return name;
#include "wire/steam/eresult.def"
#undef ERESULT
	default:
		return "unknown";
	}
}
