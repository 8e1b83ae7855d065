/*
 * From an authentic IKE_AUTH answer to a tunnel that is up: configuration, selectors, the first
 * Child SA (RFC 7296, sections 1.2, 2.9 and 2.19).
 */
#include "ike/proc.h"

#include "base/error.h"
#include "crypto/algorithms.h"
#include "ike/coverage.h"
#include "ike/lifetime.h"
#include "ike/suspicion.h"

GArray *
proc_wanted_local_ts(void)
{
    GArray *selectors = g_array_new(FALSE, FALSE, sizeof(TrafficSelector));
    TrafficSelector v4 = traffic_selector_any(INET_V4);
    TrafficSelector v6 = traffic_selector_any(INET_V6);
    g_array_append_val(selectors, v4);
    g_array_append_val(selectors, v6);
    return selectors;
}

GArray *
proc_wanted_remote_ts(const IkeEngine *engine)
{
    const GArray *configured = engine->config->remote_selectors;
    if (configured == NULL || configured->len == 0)
        return proc_wanted_local_ts();
    return child_sa_copy_selectors(configured);
}

/* AUTH is right, but there is no Child SA: the IKE SA is up and has to go (RFC 7296, section
 * 2.21.2). */
static void
close_childless(IkeEngine *engine, const IkeMessage *message)
{
    const PayloadNotify *notify = ike_message_find_error(message);
    uint16_t type = notify != NULL ? notify->type : 0;
    g_autofree char *offer = NULL;
    switch (type) {
    case IKE_NOTIFY_NO_PROPOSAL_CHOSEN:
        offer = ike_proposal_list_to_string(engine->config->esp_proposals);
        engine_close_with_delete(
            engine, IKE_CLOSE_NO_CHILD_PROPOSAL,
            "the gateway accepts none of the ESP algorithms that we offer, and "
            "does not say which it wants; ours: %s",
            offer);
        return;
    case IKE_NOTIFY_TS_UNACCEPTABLE:
    case IKE_NOTIFY_SINGLE_PAIR_REQUIRED: {
        g_autoptr(GArray) wanted = proc_wanted_remote_ts(engine);
        offer = traffic_selectors_to_string(wanted);
        engine_close_with_delete(engine, IKE_CLOSE_TS_UNACCEPTABLE,
                                 "the gateway lets us reach nothing of what we ask for (%s)",
                                 offer);
        return;
    }
    case IKE_NOTIFY_INTERNAL_ADDRESS_FAILURE:
    case IKE_NOTIFY_FAILED_CP_REQUIRED:
        engine_close_with_delete(engine, IKE_CLOSE_NO_ADDRESS,
                                 "the gateway has no address for us (%s): its pool may be used up",
                                 ike_notify_to_string(type));
        return;
    default:
        engine_close_with_delete(engine, IKE_CLOSE_PROTOCOL,
                                 "the gateway set up no tunnel: error %u (%s)", type,
                                 ike_notify_to_string(type));
    }
}

static bool
check_selectors(IkeEngine *engine, const GArray *local_ts, const GArray *remote_ts)
{
    g_autoptr(GArray) local = proc_wanted_local_ts();
    g_autoptr(GArray) remote = proc_wanted_remote_ts(engine);
    bool narrowed = local_ts->len > 0 && remote_ts->len > 0 &&
                    traffic_selectors_contain(local, local_ts) &&
                    traffic_selectors_contain(remote, remote_ts);
    if (narrowed)
        return true;
    g_autofree char *asked = traffic_selectors_to_string(remote);
    g_autofree char *answered = traffic_selectors_to_string(remote_ts);
    engine_close_with_delete(engine, IKE_CLOSE_TS_UNACCEPTABLE,
                             "the gateway answered with networks (%s) that are not part of what "
                             "we asked for (%s)",
                             answered, asked);
    return false;
}

static bool
read_child(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, ChildSaMaterial *material)
{
    g_autoptr(GError) error = NULL;
    const IkePayload *payload = ike_message_find(message, IKE_PAYLOAD_SA);
    material->local_ts = ike_message_find(message, IKE_PAYLOAD_TSI)->ts.selectors;
    material->remote_ts = ike_message_find(message, IKE_PAYLOAD_TSR)->ts.selectors;
    material->spi_in = engine->setup.child_spi;
    material->we_initiated = true;
    material->nonce_i = engine->setup.nonce_i;
    material->nonce_r = engine->setup.nonce_r;
    if (!ike_proposal_list_accept(sa->exchange.offered, payload->sa.proposals, &material->suite,
                                  &error)) {
        engine_close_with_delete(engine, IKE_CLOSE_NO_CHILD_PROPOSAL,
                                 "the gateway chose ESP algorithms that we did not offer: %s",
                                 error->message);
        return false;
    }
    ByteReader spi = byte_reader(material->suite.spi, material->suite.spi_length);
    if (!byte_reader_u32(&spi, &material->spi_out) || material->spi_out == 0) {
        engine_close_with_delete(engine, IKE_CLOSE_PROTOCOL, "the gateway's ESP SPI is invalid");
        return false;
    }
    return check_selectors(engine, material->local_ts, material->remote_ts);
}

static IkeConfiguration *
new_configuration(void)
{
    IkeConfiguration *configuration = g_new0(IkeConfiguration, 1);
    configuration->addresses = g_array_new(FALSE, FALSE, sizeof(InetPrefix));
    configuration->dns = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    configuration->subnets = g_array_new(FALSE, FALSE, sizeof(InetPrefix));
    configuration->split_dns = g_ptr_array_new_with_free_func(ike_config_attribute_free);
    return configuration;
}

static void
describe(IkeEngine *engine, IkeSa *sa, const ChildSaMaterial *material, IkeConfiguration *out)
{
    out->local_ts = child_sa_copy_selectors(material->local_ts);
    out->remote_ts = child_sa_copy_selectors(material->remote_ts);
    g_autofree char *suite = ike_suite_to_string(&sa->suite);
    out->ike_algorithms = g_strconcat(suite, proc_ppk_in_use(engine) ? "+ppk" : "", NULL);
    out->esp_algorithms = ike_suite_to_string(&material->suite);
    out->gateway_id = payload_id_to_string(&engine->setup.gateway);
    out->gateway_not_after = engine->setup.not_after;
    out->nat_here = engine->nat_here;
    out->mobike = engine->mobike;
}

/* The tunnel is up: what IKE_AUTH configured, then the keys. material: of the first Child SA. */
static bool
set_up(IkeEngine *engine, IkeSa *sa, const ChildSaMaterial *material,
       IkeConfiguration *configuration)
{
    describe(engine, sa, material, configuration);
    engine_emit(engine, IKE_OUTPUT_CONFIGURE)->configuration = configuration;
    if (engine_install_child(engine, sa, material) == NULL) {
        engine_close_with_delete(engine, IKE_CLOSE_PROTOCOL, "no keys for the tunnel");
        return false;
    }
    ike_exchange_clear(&sa->exchange);
    ike_setup_clear(&engine->setup);
    coverage_start(engine);
    engine_set_state(engine, IKE_STATE_ESTABLISHED);
    return true;
}

bool
proc_establish_awaits_child(const IkeEngine *engine)
{
    return engine->setup.configuration != NULL;
}

bool
proc_establish_first_child(IkeEngine *engine, IkeSa *sa, const ChildSaMaterial *material)
{
    return set_up(engine, sa, material, g_steal_pointer(&engine->setup.configuration));
}

void
proc_establish_no_child(IkeEngine *engine, const IkeMessage *message)
{
    close_childless(engine, message);
}

/* One Child SA and nothing odd about it. */
static bool
has_tunnel(IkeEngine *engine, const IkeMessage *message)
{
    bool present = ike_message_find(message, IKE_PAYLOAD_SA) != NULL;
    if (present == engine->setup.childless) {
        if (!present)
            close_childless(engine, message);
        else /* RFC 6023, section 3 */
            engine_close_with_delete(engine, IKE_CLOSE_PROTOCOL,
                                     "the gateway set up a tunnel that nobody asked for");
        return false;
    }
    if (ike_message_find_notify(message, IKE_NOTIFY_USE_TRANSPORT_MODE) != NULL ||
        ike_message_find_notify(message, IKE_NOTIFY_IPCOMP_SUPPORTED) != NULL) {
        engine_close_with_delete(engine, IKE_CLOSE_PROTOCOL,
                                 "the gateway wants transport mode or compression, unasked");
        return false;
    }
    return true;
}

void
proc_establish(IkeEngine *engine, IkeSa *sa, const IkeMessage *message)
{
    ChildSaMaterial material = { 0 };
    sa->state = SA_ESTABLISHED;
    lifetime_start_sa(engine, sa);
    lifetime_start_authentication(engine);
    suspicion_take_token(&sa->crash_token, message);
    engine->mobike = ike_message_find_notify(message, IKE_NOTIFY_MOBIKE_SUPPORTED) != NULL;
    proc_info_note_auth_lifetime(engine, message);
    proc_resume_take_ticket(engine, sa, message);
    if (engine->want_close) /* too late: engine_start_next meets it with DELETE */
        return;
    if (!has_tunnel(engine, message))
        return;
    if (!engine->setup.childless && !read_child(engine, sa, message, &material))
        return;
    g_autoptr(IkeConfiguration) configuration = new_configuration();
    if (!proc_config_reply(engine, message, configuration))
        return;
    if (!engine->setup.childless) {
        set_up(engine, sa, &material, g_steal_pointer(&configuration));
        return;
    }
    engine->setup.configuration = g_steal_pointer(&configuration);
    engine->child_wanted = true; /* engine_start_next asks for it */
}
