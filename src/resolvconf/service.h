/*
 * Tells resolvconf(8) the name servers of a tunnel that every name is to be asked through: the last
 * resort, where there is no systemd-resolved. Runs as root, because resolvconf needs it, and takes
 * one request, of ginneld's, that it believes no more than it must.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>

#define RESOLVCONF_PROGRAM "/sbin/resolvconf"

typedef struct _ResolvconfService ResolvconfService;

/* fd is taken. program: what is run. closed is called once it is done. */
ResolvconfService *resolvconf_service_new(int fd, const char *program,
                                          void (*closed)(gpointer user_data), gpointer user_data);
void resolvconf_service_free(ResolvconfService *service);
/* The lines for it, or NULL where an interface is not ours, a server no address, a domain no name.
 */
char *resolvconf_lines(const char *interface, const char *const *servers,
                       const char *const *search);
