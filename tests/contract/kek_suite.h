/* What contract/kek.h promises, of any driver. */
#pragma once

#include "contract/kek.h"

/* `again` opens the same keys once more, as another process would; may_add: this driver makes versions. */
struct kek_rig {
	enum rc (*open)(void *ctx, struct kek **ret, struct fault *f);
	/* Makes a version where the driver cannot: in the device, at the server. NULL: the driver can. */
	void (*add)(void *ctx);
	void *ctx;
};

void kek_suite(const struct kek_rig *rig);
