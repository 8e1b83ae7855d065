/*
 * A private bus with stand-ins for systemd-resolved and systemd: they write down what they are
 * asked, in order, and answer as a test tells them.
 */
#pragma once
#include <gio/gio.h>
#include <stdbool.h>

typedef struct {
    GTestDBus *daemon;
    GDBusConnection *service, *client;
    guint objects[7], name;
    GString *story;       /* "RevertLink(3);Reload;..." without what each test would repeat */
    GHashTable *settings; /* "PATH PROPERTY" -> GVariant: what links have */
    bool networkd;        /* before the start: systemd-networkd is there too */
    const char *lose;     /* what this call sets is not kept */
    /* What is answered. */
    const char *refuse;        /* this method of resolved fails */
    const char *hold_until;    /* links' settings are not answered before this one comes */
    GQueue held;               /* GDBusMethodInvocation: of those */
    const char *job_result;    /* of the reload; NULL: "done" */
    bool old;                  /* it has no SetLinkDNSEx */
    bool hold;                 /* the reload's job does not end before fake_resolved_let_go */
    const char *error;         /* D-Bus error that ResolveHostname gives; NULL: addresses */
    unsigned failures;         /* it gives it so often, then addresses; 0: each time */
    const char *addresses;     /* a(iiay) in GVariant text */
    const char *servers;       /* the same, of all links: ifindex, family, octets */
    const char *domains;       /* a(isb), of all links: ifindex, name, routes only */
    bool encrypted_everywhere; /* before the start: the machine demands DNS over TLS */
    unsigned questions;        /* ResolveHostname, so far */
    GVariant *asked;           /* arguments of the last ResolveHostname */
} FakeResolved;

/* Everything but networkd is set anew. */
void fake_resolved_start(FakeResolved *fake);
void fake_resolved_stop(FakeResolved *fake);
void fake_resolved_let_go(FakeResolved *fake);
/* The name goes and comes back with another owner, and links have nothing any more. */
void fake_resolved_restart(FakeResolved *fake);
void fake_resolved_leave(FakeResolved *fake);
void fake_resolved_come_back(FakeResolved *fake);
/* Runs the main loop until *done. */
void fake_resolved_run_until(const bool *done);
