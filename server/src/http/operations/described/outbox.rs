//! What is described of single messages, of redrives, and of destinations.

use super::{Read, SEE, TOUCH, Write};

pub const READS: &[Read] = &[
    (
        "/operations/outbox/stats",
        "count_messages",
        "How each queue stands, and what waits for an operator; counts end at 1,000 a queue",
        SEE,
        &["tenant"],
    ),
    (
        "/operations/outbox/blocked",
        "list_blocked_keys",
        "Keys whose order holds messages back, those for longest first: what could not be sent, and up to 1,000 behind it",
        SEE,
        &["tenant", "cursor", "limit"],
    ),
    (
        "/operations/outbox/redrives",
        "list_redrives",
        "Orders to send dead letters again, the newest first, and how far they are",
        SEE,
        &["tenant", "cursor", "limit"],
    ),
    (
        "/operations/destinations",
        "list_destinations",
        "Destinations: what waits there, what holds them until when, what limits them",
        SEE,
        &["tenant", "cursor", "limit"],
    ),
];

pub const WRITES: &[Write] = &[
    (
        "/operations/outbox/{id}/cancel",
        "cancel_message",
        "Never send a waiting message; a reason is needed",
        TOUCH,
        &["reason"],
        "200",
    ),
    (
        "/operations/outbox/{id}/skip",
        "skip_message",
        "Give a dead or unknown message up, so that what waits behind it goes on; a reason is needed",
        TOUCH,
        &["reason"],
        "200",
    ),
    (
        "/operations/outbox/{id}/resolve",
        "resolve_message",
        "Say what became of a message whose effect is unknown: delivered or failed; a reason is needed",
        TOUCH,
        &["outcome", "reason"],
        "200",
    ),
    (
        "/operations/outbox/redrives",
        "order_redrive",
        "Send dead letters again at a pace, whatever restarts, one order a tenant; a dry run counts; a reason is needed",
        TOUCH,
        &[
            "target",
            "failure_kind",
            "died_after",
            "rate_per_second",
            "max_messages",
            "reason",
        ],
        "200",
    ),
    (
        "/operations/outbox/redrives/{id}/cancel",
        "cancel_redrive",
        "End an order; what it has sent again stays so; a reason is needed",
        TOUCH,
        &["reason"],
        "200",
    ),
    (
        "/operations/destinations/{name}/pause",
        "pause_destination",
        "Send nothing there until then; it goes on by itself",
        TOUCH,
        &["until", "seconds", "reason"],
        "200",
    ),
    (
        "/operations/destinations/{name}/resume",
        "resume_destination",
        "End whatever holds it; a breaker that was open probes",
        TOUCH,
        &["reason"],
        "200",
    ),
    (
        "/operations/destinations/{name}/breaker",
        "set_breaker",
        "Open its breaker, for ten minutes unless told, or close it",
        TOUCH,
        &["state", "until", "seconds", "reason"],
        "200",
    ),
    (
        "/operations/destinations/{name}/limits",
        "limit_destination",
        "What all processes together may send there, until then or for good; what is not named has no limit",
        TOUCH,
        &[
            "rate_per_second",
            "burst",
            "max_in_flight",
            "until",
            "seconds",
            "reason",
        ],
        "200",
    ),
];
