//! Tools that are no command or query by themselves, made for how models work: flat arguments, one question, a short answer.
//! Each comes down to commands and queries of the registries.

use commands::registry::Risk;
use identity::permissions::Permission;
use serde_json::{Value, json};

use super::schemas::{self, Approval};
use super::tools::{Does, Tool};

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    Aggregate,
    CheckAvailability,
    CreateBooking,
    CustomerSummary,
    DescribeSchema,
    FindCustomer,
    GetCustomer360,
    SearchCustomers,
}

/// All of them.
pub fn tools() -> Vec<Tool> {
    let mut all = readers();
    all.push(create_booking());
    all
}

fn readers() -> Vec<Tool> {
    vec![
        reader(
            (Own::Aggregate, "aggregate", "Aggregate figures"),
            "Sums bookings, guests and money over a range of days. Use it for totals, by week or month.",
            Permission::FiguresRead,
            json!({
                "from": { "type": "string", "description": "First day, YYYY-MM-DD; today unless given" },
                "to": { "type": "string", "description": "Last day; at most 366 days in all" },
                "by": { "type": "string", "enum": ["total", "month", "week"], "default": "total" } }),
            (&[], schemas::list_answer()),
        ),
        reader(
            (
                Own::CheckAvailability,
                "check_availability",
                "Check availability",
            ),
            "The slots of a day that can be booked, with free chefs. Use it before you offer, book or move anything.",
            Permission::BookingsRead,
            json!({ "date": { "type": "string", "description": "YYYY-MM-DD" },
                "zone": { "type": "string", "description": "A zone of the business; all unless given" } }),
            (&["date"], schemas::list_answer()),
        ),
        reader(
            (Own::CustomerSummary, "customer_summary", "Customer summary"),
            "A customer in short: contact, tags, newest bookings, threads, notes. Use it before talking to them.",
            Permission::CustomersRead,
            json!({ "customer_id": { "type": "string" } }),
            (&["customer_id"], schemas::item_answer()),
        ),
        reader(
            (Own::DescribeSchema, "describe_schema", "Describe a schema"),
            "The whole schema of a command or query. Use it when a tool refuses arguments or you need all fields.",
            Permission::TenantsRead,
            json!({ "name": { "type": "string", "description": "As the tool is called; all names unless given" } }),
            (&[], schemas::item_answer()),
        ),
        reader(
            (Own::FindCustomer, "find_customer", "Find a customer"),
            "The customer with exactly this e-mail or phone. Use it when somebody tells you how to reach them.",
            Permission::CustomersRead,
            json!({ "email": { "type": "string" }, "phone": { "type": "string" } }),
            (&[], schemas::list_answer()),
        ),
        reader(
            (Own::GetCustomer360, "get_customer_360", "Customer 360"),
            "Everything about one customer. Use it when customer_summary does not say what you need.",
            Permission::CustomersRead,
            json!({ "customer_id": { "type": "string" } }),
            (&["customer_id"], schemas::item_answer()),
        ),
        reader(
            (Own::SearchCustomers, "search_customers", "Search customers"),
            "Customers by beginnings of their names. Use it when you know a name only.",
            Permission::CustomersRead,
            json!({ "search": { "type": "string", "minLength": 1, "maxLength": 200 },
                "limit": { "type": "integer", "minimum": 1, "maximum": 200 }, "cursor": { "type": "string" } }),
            (&["search"], schemas::list_answer()),
        ),
    ]
}

fn reader(
    (own, name, title): (Own, &str, &str),
    description: &str,
    permission: Permission,
    properties: Value,
    (required, output): (&[&str], Value),
) -> Tool {
    let mut input =
        json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        input["required"] = json!(required);
    }
    Tool {
        name: name.to_owned(),
        title: title.to_owned(),
        description: description.to_owned(),
        input,
        output,
        risk: Risk::Read,
        permission,
        does: Does::Own(own),
    }
}

/// Takes the command's own body as well, for those who have it; what is listed is the flat form.
fn create_booking() -> Tool {
    let text = json!({ "type": "string" });
    let mut input = json!({
        "type": "object",
        "properties": {
            "customer_first_name": text, "customer_last_name": text, "customer_email": text, "customer_phone": text,
            "booking_date": { "type": "string", "description": "YYYY-MM-DD" },
            "booking_slot": { "type": "string", "description": "HH:MM, one that check_availability shows" },
            "address": { "type": "string", "description": "With its postcode" },
            "zone": { "type": "string", "description": "Only where the postcode does not tell it" },
            "party_adults": { "type": "integer", "minimum": 1 },
            "party_kids": { "type": "integer", "minimum": 0 },
            "menu_items": { "type": "array", "items": { "type": "object", "required": ["item"], "properties": {
                "item": text, "quantity": { "type": "integer", "minimum": 1 } } } },
            "notes": text,
            "consent_sms": { "type": "boolean", "description": "True only if they said so" },
            "consent_email": { "type": "boolean" },
            "payment_preference": { "type": "string", "enum": ["stripe_checkout", "invoice", "cash"] },
            "channel_thread_id": { "type": "string", "description": "The thread that it was agreed in" },
        },
        "required": ["customer_first_name", "customer_last_name", "customer_email", "customer_phone", "booking_date",
            "booking_slot", "address", "party_adults"],
    });
    schemas::add_key(&mut input, Approval::Possible);
    Tool {
        name: "create_booking".to_owned(),
        title: "Create a booking".to_owned(),
        description: "Books a party and answers with price, deposit and status. Use it once date, slot and address are agreed."
            .to_owned(),
        input,
        output: schemas::command_answer(),
        risk: Risk::Outward,
        permission: Permission::BookingsWrite,
        does: Does::Own(Own::CreateBooking),
    }
}
