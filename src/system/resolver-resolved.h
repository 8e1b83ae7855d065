/*
 * systemd-resolved's half of the work: its calls for one link, and having it read its anchor files.
 * Blocks: for the resolver's thread, and for clean-up.
 */
#pragma once
#include <gio/gio.h>
#include <stdbool.h>

#define RESOLVED_NAME "org.freedesktop.resolve1"

/* What one link is to have; immutable once it is made. */
typedef struct {
    char *interface;
    int ifindex;
    bool revert;                            /* nothing of the below: as if we had never been here */
    char *anchors;                          /* text of the anchor file, "" for none */
    GVariant *servers, *domains, *negative; /* a(iayqs), a(sb), as */
    bool default_route;
    bool encrypted;     /* DNS over TLS, to servers that have names */
    bool by_other;      /* somebody else sets domains and the like */
    bool sets_servers;  /* somebody else does not, or not as they must be */
    const char *dnssec; /* "yes", "no", "": as the machine does elsewhere */
} ResolvedLink;

bool resolved_set_link(GDBusConnection *bus, const ResolvedLink *link, GError **error);
void resolved_revert_link(GDBusConnection *bus, int ifindex); /* which may be gone already */
/* Reads back what resolved has; a word for what is not as it should be, NULL where all is, or where
 * it does not tell. Links' settings have no change signals. */
const char *resolved_link_difference(GDBusConnection *bus, const ResolvedLink *link);
/* a{sv}, floating: "version" (s), "servers", "domains" (as, with "~" before those that only route),
 * "negative-anchors" (as), "default-route" (b), "dnssec", "dns-over-tls", "llmnr", "mdns" (s),
 * "differs" (s: as above, empty). Empty where it does not tell. link: what it should have, or NULL.
 */
GVariant *resolved_describe(GDBusConnection *bus, int ifindex, const ResolvedLink *link);
void resolved_flush_caches(GDBusConnection *bus);
/* Has it read the anchor files anew, and waits until it has. */
bool resolved_reload(GDBusConnection *bus, GError **error);
