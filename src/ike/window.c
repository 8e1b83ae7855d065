#include "ike/window.h"

/* Half of them are left. */
#define NEARLY_USED (UINT32_MAX / 2)

void
window_clear(Window *window)
{
    g_clear_pointer(&window->request, g_ptr_array_unref);
    g_clear_pointer(&window->response, g_ptr_array_unref);
}

bool
window_is_busy(const Window *window)
{
    return window->request != NULL;
}

bool
window_can_send(const Window *window)
{
    return window->request == NULL && window->next_out != UINT32_MAX;
}

bool
window_is_nearly_used(const Window *window)
{
    return window->next_out >= NEARLY_USED || window->next_in >= NEARLY_USED;
}

void
window_sent(Window *window, GPtrArray *datagrams)
{
    g_clear_pointer(&window->request, g_ptr_array_unref);
    window->request = datagrams;
}

bool
window_awaits(const Window *window, uint32_t message_id)
{
    return window->request != NULL && message_id == window->next_out;
}

void
window_answered(Window *window)
{
    g_clear_pointer(&window->request, g_ptr_array_unref);
    window->next_out++;
}

WindowPlace
window_place_request(const Window *window, uint32_t message_id)
{
    /* The last ID is never answered, so that next_in cannot wrap to an ID already used. */
    if (message_id == window->next_in && message_id != UINT32_MAX)
        return WINDOW_NEW;
    if (window->response != NULL && message_id == window->next_in - 1)
        return WINDOW_REPEATED;
    return WINDOW_OUTSIDE;
}

void
window_responded(Window *window, GPtrArray *datagrams)
{
    g_clear_pointer(&window->response, g_ptr_array_unref);
    window->response = datagrams;
    window->next_in++;
}
