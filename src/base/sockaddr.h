/*
 * Endpoints as the kernel has them, and back. Values only: nothing is opened here.
 */
#pragma once
#include "base/inet.h"

struct sockaddr_storage;

/* Its length; out is zero beyond what the family has. */
size_t sockaddr_from_endpoint(const InetEndpoint *endpoint, struct sockaddr_storage *out);
/* False where it is no Internet address. */
bool sockaddr_to_endpoint(const struct sockaddr_storage *from, InetEndpoint *out);
