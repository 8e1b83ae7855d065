/*
 * Installs split-DNS plans in the machine's resolver: systemd-resolved's settings of the tunnel's
 * link, and a trust anchor file that it reads. Calls are carried out by a thread of their own, in
 * the order in which they came, gathered so that one reload serves all that wait, and never so many
 * reloads that systemd would refuse the next. What was set is read back; what is in force is looked
 * at again when somebody has changed something, from time to time, and when another
 * systemd-resolved appears, and set where it is missing.
 */
#pragma once
#include "plan/split-dns.h"
#include "system/anchor-files.h"

#include <gio/gio.h>

typedef struct _Resolver Resolver;

/* bus: the system bus, referenced. */
Resolver *resolver_new(GDBusConnection *bus);
/* Anchor files elsewhere, and another time for four reloads. */
Resolver *resolver_new_in(GDBusConnection *bus, const char *folder, gint64 window_us);
/* For tests, whose interfaces exist nowhere. */
void resolver_keep_lost_links(Resolver *resolver);
/* What was asked for is carried out first. */
void resolver_free(Resolver *resolver);

/* Looks at what is in force when something in the folder (of static storage) was replaced, and
 * seldom otherwise. Without that, or while there is no such folder: every few seconds. */
void resolver_watch_changes(Resolver *resolver, const char *folder);

/* Makes the link have what the plan says. The plan is copied as far as it is needed. NULL plan:
 * reverts the link and removes its anchors.
 * A plan with by_other is for a link whose servers, domains, default route, LLMNR and mDNS
 * NetworkManager sets: only the DNSSEC mode, negative anchors, the anchor file, and for encrypted
 * servers their names and DNSOverTLS are set, compared and set again. Its revert is the same as of
 * others. */
void resolver_apply_async(Resolver *resolver, const char *interface, int ifindex,
                          const SplitDnsPlan *plan, GAsyncReadyCallback callback,
                          gpointer user_data);
bool resolver_apply_finish(GAsyncResult *result, GError **error);
/* Whether systemd-resolved compares the names of encrypted servers with their certificates. It
 * looks at the machine's setting for that, not at the link's: false unless the machine demands DNS
 * over TLS everywhere. */
bool resolver_checks_names(const Resolver *resolver);
/* What the link really has: see resolved_describe. by: who was asked, "" for nobody. */
void resolver_describe_async(Resolver *resolver, int ifindex, GAsyncReadyCallback callback,
                             gpointer user_data);
GVariant *resolver_describe_finish(GAsyncResult *result, const char **by);
/* Has what is in force compared with what resolved really has, and mended. */
void resolver_check(Resolver *resolver);
/* Removes anchor files of ours for interfaces that are not in keep (NULL-terminated), and has them
 * forgotten. Blocks; for start and clean-up. */
void resolver_clean(GDBusConnection *bus, const char *const *keep);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Resolver, resolver_free)
