/* What the exporters share. */
#pragma once
#include "profile/export.h"

typedef struct {
    const Profile *profile;
    const char *title;
    GPtrArray *authorities; /* Certificate, or NULL */
    GHashTable *said;       /* GROUP-KEY that have been written */
} Exporting;

/* The text of a key, marked as written; NULL where it is not set. */
const char *export_say(Exporting *exporting, const char *setting);
/* The same without the mark. */
const char *export_get(const Exporting *exporting, const char *setting);

char *export_mobileconfig(Exporting *exporting);
/* NULL: the profile signs in as the format cannot say. */
char *export_sswan(Exporting *exporting, GError **error);
