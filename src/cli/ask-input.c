#include "config.h"

#include "cli/ask-input.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

struct _AskInput {
    int fd;
    bool terminal;
    bool silenced;
    struct termios before;
    uint8_t line[ASK_INPUT_MAX];
    size_t length;
    bool too_long;
    guint source;
    AskInputDone done;
    gpointer user_data;
};

AskInput *
ask_input_open(AskFrom from)
{
    int fd =
        from == ASK_FROM_TERMINAL ? open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO;
    if (fd < 0)
        return NULL;
    AskInput *input = g_new0(AskInput, 1);
    input->fd = fd;
    input->terminal = from == ASK_FROM_TERMINAL;
    return input;
}

void
ask_input_close(AskInput *input)
{
    if (input == NULL)
        return;
    ask_input_stop(input);
    if (input->terminal)
        close(input->fd);
    g_free(input);
}

void
ask_input_say(AskInput *input, const char *text)
{
    size_t left = strlen(text);
    while (input->terminal && left > 0) {
        ssize_t n = write(input->fd, text, left);
        if (n < 0 && errno != EINTR)
            return;
        if (n > 0) {
            text += n;
            left -= (size_t)n;
        }
    }
}

bool
ask_input_is_person(const AskInput *input)
{
    return input->terminal;
}

static void
echo_off(AskInput *input)
{
    if (!input->terminal || tcgetattr(input->fd, &input->before) < 0)
        return;
    struct termios silent = input->before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    silent.c_lflag |= ECHONL | ICANON | ISIG;
    /* What was typed before the question is no answer to it. */
    input->silenced = tcsetattr(input->fd, TCSAFLUSH, &silent) == 0;
}

static void
echo_on(AskInput *input)
{
    if (input->silenced)
        tcsetattr(input->fd, TCSADRAIN, &input->before);
    input->silenced = false;
}

void
ask_input_stop(AskInput *input)
{
    g_clear_handle_id(&input->source, g_source_remove);
    echo_on(input);
    secret_wipe(input->line, sizeof input->line);
    input->length = 0;
    input->too_long = false;
}

static void
finish(AskInput *input, bool end)
{
    bool nothing = input->too_long || (end && input->length == 0);
    g_autoptr(Secret) line = nothing ? NULL : secret_new(input->line, input->length);
    input->source = 0;
    ask_input_stop(input);
    input->done(line, input->user_data);
}

/* One octet at a time: the lines behind this one are for other questions, and other readers. */
static gboolean
readable(int fd, GIOCondition condition, gpointer data)
{
    AskInput *input = data;
    uint8_t octet = 0;
    ssize_t n = read(fd, &octet, 1);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return G_SOURCE_CONTINUE;
    if (n <= 0 || octet == '\n') {
        finish(input, n <= 0);
        return G_SOURCE_REMOVE;
    }
    if (input->length < sizeof input->line)
        input->line[input->length++] = octet;
    else
        input->too_long = true;
    secret_wipe(&octet, 1);
    return G_SOURCE_CONTINUE;
}

void
ask_input_start(AskInput *input, const char *text, AskInputDone done, gpointer user_data)
{
    ask_input_stop(input);
    input->done = done;
    input->user_data = user_data;
    ask_input_say(input, text);
    echo_off(input);
    input->source = g_unix_fd_add(input->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable, input);
}
