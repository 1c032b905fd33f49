/* webhook_routes: endpoints and their deliveries in the API. */
#pragma once

#include "control/http/route.h"

extern const struct route webhook_routes[], webhook_delivery_routes[];
