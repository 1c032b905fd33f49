/* epic_source: content of kind epic: appName is APP, or NAMESPACE:CATALOG_ITEM:APP; platform is Windows unless it says another. */
#pragma once

#include "agent/content/content.h"

extern const struct content_store epic_source;
