/*
 * The plain rows of the editor, as a table: a key of vpn.data, its label, and how it is edited.
 */
#pragma once
#include <NetworkManager.h>
#include <gtk/gtk.h>

typedef enum {
    ROW_TEXT,
    ROW_LIST,   /* items that a person separates by commas or blanks */
    ROW_CHOICE, /* of words; the first stands for not set */
    ROW_CHECK,  /* yes, or not set */
} EditorRowKind;

typedef struct {
    EditorRowKind kind;
    const char *key;          /* of vpn.data */
    const char *label;        /* with a mnemonic; translated when it is shown */
    const char *hint;         /* what it looks like, or NULL */
    const char *tip;          /* a sentence, or NULL */
    int width;                /* in characters, of texts */
    const char *const *words; /* of choices: word, title, word, title, ..., NULL */
} EditorRow;

/* The widget of one row, put into the grid; on_change is called after a change by hand. */
GtkWidget *editor_row_add(GtkGrid *grid, int y, const EditorRow *row, GCallback on_change,
                          gpointer user_data);
void editor_row_load(GtkWidget *widget, const EditorRow *row, NMSettingVpn *vpn);
void editor_row_store(GtkWidget *widget, const EditorRow *row, NMSettingVpn *vpn);
/* The text of a text row, borrowed. */
const char *editor_text(GtkWidget *entry);
/* A label for a widget, at the left of its row. */
GtkWidget *editor_label_add(GtkGrid *grid, int y, const char *text, GtkWidget *widget);
