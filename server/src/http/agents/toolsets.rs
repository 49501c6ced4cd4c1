//! Toolsets: the tools of one task, since each listed tool is read by the model in every conversation. A toolset is a matter
//! of attention, not of rights: whatever a key may call can be called without being listed.

use domain::refusal::Refusal;
use identity::principals::Principal;

use super::tools::{self, Tool};

/// The most tools, and the most bytes of JSON, that are listed when no toolset is named.
pub const MAX_DEFAULT_TOOLS: usize = 40;
pub const MAX_DEFAULT_BYTES: usize = 24 * 1024;
/// What is listed when no toolset is named.
const DEFAULT: &str = "default";
/// Everything there is.
const ALL: &str = "all";

/// Tools that every toolset has: what they answer is needed for all tasks.
const ALWAYS: &[&str] = &[
    "approval",
    "describe_schema",
    "find_customer",
    "search_customers",
];

const TOOLSETS: &[(&str, &[&str])] = &[
    (
        "bookings",
        &[
            "assign_chef",
            "availability",
            "booking",
            "bookings",
            "cancel_booking",
            "check_availability",
            "chefs",
            "complete_booking",
            "confirm_booking",
            "create_booking",
            "mark_no_show",
            "reschedule_booking",
            "schedule_board",
            "tenant",
            "update_booking",
        ],
    ),
    (
        "customers",
        &[
            "add_note",
            "create_lead",
            "customer_360",
            "customer_summary",
            "customers",
            "get_customer_360",
            "merge_customers",
            "tag_customer",
            "unmerge_customers",
            "untag_customer",
            "update_consent",
            "update_customer",
        ],
    ),
    (
        DEFAULT,
        &[
            "add_note",
            "aggregate",
            "assign_thread",
            "booking",
            "bookings",
            "cancel_booking",
            "check_availability",
            "create_booking",
            "create_lead",
            "customer_summary",
            "get_customer_360",
            "inbox",
            "payments_feed",
            "refund_payment",
            "reschedule_booking",
            "send_message",
            "tenant",
            "thread",
            "update_booking",
            "update_customer",
            "withdraw_approval",
        ],
    ),
    (
        "inbox",
        &[
            "add_thread_note",
            "assign_thread",
            "check_availability",
            "close_thread",
            "create_booking",
            "customer_summary",
            "inbox",
            "reopen_thread",
            "send_message",
            "set_ai_mode",
            "snooze_thread",
            "start_thread",
            "thread",
        ],
    ),
    (
        "payments",
        &[
            "booking",
            "bookings",
            "link_payment_to_booking",
            "mark_paid",
            "payments_feed",
            "record_payment",
            "refund_payment",
            "unlink_payment",
        ],
    ),
    (
        "reports",
        &[
            "aggregate",
            "bookings",
            "conversation_stats",
            "dashboard",
            "payments_feed",
            "schedule_board",
        ],
    ),
    (
        "settings",
        &[
            "add_chef",
            "chefs",
            "configure_provider",
            "define_canned_reply",
            "remove_canned_reply",
            "set_chef_time_off",
            "set_price_book",
            "tenant",
            "test_provider",
            "update_chef",
            "update_settings",
        ],
    ),
];

/// The tools of these toolsets (names between commas) that this caller may call, in alphabetical order. Refused with 400
/// `toolset-unknown`, which names those that there are.
pub fn choose(names: Option<&str>, principal: &Principal) -> Result<Vec<&'static Tool>, Refusal> {
    let names: Vec<&str> = names.unwrap_or(DEFAULT).split(',').map(str::trim).collect();
    let mut wanted: Vec<&str> = ALWAYS.to_vec();
    for name in &names {
        if *name == ALL {
            return Ok(tools::all()
                .iter()
                .filter(|tool| tool.is_for(principal))
                .collect());
        }
        let (_, members) = TOOLSETS
            .iter()
            .find(|(known, _)| known == name)
            .ok_or_else(|| unknown(name))?;
        wanted.extend(*members);
    }
    let is_wanted = |tool: &&Tool| wanted.contains(&tool.name.as_str()) && tool.is_for(principal);
    Ok(tools::all().iter().filter(is_wanted).collect())
}

fn unknown(name: &str) -> Refusal {
    let mut known: Vec<&str> = TOOLSETS.iter().map(|(name, _)| *name).collect();
    known.push(ALL);
    let detail = format!(
        "there is no toolset {name:?}; there are {}",
        known.join(", ")
    );
    Refusal::malformed("toolset-unknown", detail)
}

#[cfg(test)]
mod tests {
    use domain::ids::TenantId;

    use super::*;

    #[test]
    fn toolsets_are_in_order_and_hold_what_there_is() {
        assert!(TOOLSETS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let everybody = Principal::system(TenantId::new("t"));
        for name in TOOLSETS
            .iter()
            .flat_map(|(_, members)| *members)
            .chain(ALWAYS)
        {
            assert!(
                tools::find(name, &everybody).is_some(),
                "there is no tool {name}"
            );
        }
    }

    #[test]
    fn a_toolset_that_is_not_there_is_answered_with_those_that_are() {
        let everybody = Principal::system(TenantId::new("t"));
        let refusal = choose(Some("bookings,bokings"), &everybody).err().unwrap();
        assert!(refusal.detail.contains("bookings, customers"), "{refusal}");
    }
}
