//! `update-settings`: a patch of the tenant's settings, read whole before anything changes.

use domain::chefs::hours::WeeklyHours;
use domain::conversations::AiMode;
use domain::money::Currency;
use domain::refusal::Problems;
use domain::slots::Slot;
use domain::tenants::agents::{AgentLimits, AgentPolicy, Verdict};
use domain::tenants::assistant::{AnswersWhen, Assistant, FactsBy};
use domain::tenants::messaging::Messaging;
use domain::tenants::retention::Retention;
use domain::tenants::settings::{RefundRule, Senders, Settings, ZoneArea};
use domain::tenants::{Tenant, TenantCommand};
use domain::values::{Region, ServiceZone};
use domain::zones::TimeZoneName;
use event_store::load::Load;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{TenantSummary, whole_tenant};
use crate::Result;
use crate::customers::nullable;
use crate::registry::Input;
use crate::work::{Facts, Work};

/// # Update the settings
///
/// Only the settings that are given change; a list is replaced whole.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateSettings {
    /// IANA name; dates and slots are meant in it.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// ISO 3166 alpha-2; how local phone numbers are read.
    #[serde(default)]
    pub region: Option<String>,
    /// ISO 4217; it cannot change once there are prices.
    #[serde(default)]
    pub currency: Option<String>,
    /// Times of day at which parties start, `HH:MM`; they lie at least a party's length apart.
    #[serde(default)]
    pub slots: Option<Vec<Slot>>,
    /// How long a party takes, in minutes.
    #[serde(default)]
    pub party_minutes: Option<u16>,
    /// Where the business works.
    #[serde(default)]
    pub zones: Option<Vec<ZoneInput>>,
    /// How long an unpaid booking keeps its slot, 1 to 24 hours.
    #[serde(default)]
    pub hold_hours: Option<u16>,
    /// What a cancellation gives back: the best percentage whose notice was kept; nothing without a rule.
    #[serde(default)]
    pub refund_policy: Option<Vec<RefundRuleInput>>,
    /// Whom messages come from.
    #[serde(default)]
    pub senders: Option<SendersInput>,
    /// Binds `/webhooks/stripe` and the like, which name no tenant, to this one; `null` unbinds.
    #[serde(default, deserialize_with = "nullable")]
    pub webhook_alias: Option<Option<String>>,
    /// Origins (`https://book.example`) and networks (`192.0.2.0/24`) from where `/api` may be called without a credential, to
    /// book and to ask what is free.
    #[serde(default)]
    pub open_to: Option<Vec<String>>,
    /// Origins of the pages on which the web chat stands, where they are others than those of `open_to`; none at all closes the
    /// chat, `null` goes by `open_to` again.
    #[serde(default, deserialize_with = "nullable")]
    pub chat_open_to: Option<Option<Vec<String>>>,
    /// How the business talks.
    #[serde(default)]
    pub messaging: Option<MessagingInput>,
    /// Days from the wish to be erased until the erasure, 0 to 365; 30 unless set.
    #[serde(default)]
    pub erasure_days: Option<u16>,
    /// Days from the wish that the whole business be deleted until its deletion, 7 to 365; 30 unless set.
    #[serde(default)]
    pub deletion_days: Option<u16>,
    /// How many days what is kept of each kind; what is left out is as by default.
    #[serde(default)]
    pub retention: Option<Retention>,
    /// What agents may do by themselves.
    #[serde(default)]
    pub agents: Option<AgentsInput>,
    /// How the assistant works.
    #[serde(default)]
    pub assistant: Option<AssistantInput>,
}

/// A service zone.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneInput {
    /// The zone's name, at most 64 characters.
    pub zone: String,
    /// Postcodes that lie in it, whole (`94110`) or as beginnings (`941*`).
    #[serde(default)]
    pub postcodes: Vec<String>,
}

/// One rule of the refund policy.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundRuleInput {
    /// Cancelled at least so many hours before the start …
    pub hours_before: u32,
    /// … so many percent come back.
    #[schemars(range(min = 0, max = 100))]
    pub percent: u8,
}

/// Names and addresses that messages come from; what is left out is unset.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendersInput {
    /// The name beside the address.
    #[serde(default)]
    pub email_name: Option<String>,
    /// The address that e-mails come from.
    #[serde(default)]
    pub email_from: Option<String>,
    /// Where answers go.
    #[serde(default)]
    pub email_reply_to: Option<String>,
    /// The number that text messages come from.
    #[serde(default)]
    pub sms_from: Option<String>,
}

/// What keywords are answered with, and what the AI does; what is left out is as by default.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessagingInput {
    /// The answer to STOP, at most 640 characters.
    #[serde(default)]
    pub stop_text: Option<String>,
    /// The answer to START, at most 640 characters.
    #[serde(default)]
    pub start_text: Option<String>,
    /// The answer to HELP, at most 640 characters.
    #[serde(default)]
    pub help_text: Option<String>,
    /// What the AI does in a thread that begins: `off` by default.
    #[serde(default)]
    pub ai_mode: AiMode,
    /// In which language letters and texts go out, such as `es`, where a template in it is published; else in `en`.
    #[serde(default)]
    pub language: Option<String>,
}

/// The verdict on each class of commands that agents send; what is left out is as by default. People are not asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentsInput {
    /// Commands that change our records: `allow` by default.
    #[serde(default)]
    pub write: Option<Verdict>,
    /// Commands that reach a person outside, such as bookings and messages: `allow` by default.
    #[serde(default)]
    pub outward: Option<Verdict>,
    /// Commands that take something away: `approve` by default, as all that follow.
    #[serde(default)]
    pub destructive: Option<Verdict>,
    /// Commands that move money, or say that it has moved.
    #[serde(default)]
    pub money: Option<Verdict>,
    /// Commands that reach or change many at once.
    #[serde(default)]
    pub bulk: Option<Verdict>,
    /// Commands that touch credentials and secrets.
    #[serde(default)]
    pub key: Option<Verdict>,
    /// Refunds up to this need no approval, in minor units; 0 by default.
    #[serde(default)]
    pub money_free_minor: Option<i64>,
    /// One command for so many records needs no approval as such, 0 to 1,000; 0 by default. Each of the commands is ruled on
    /// by its own class as well.
    #[serde(default)]
    pub bulk_free_records: Option<i64>,
    /// Where links in messages of agents may lead without a person's agreement, as `example.com` with all that is below it;
    /// with none, anywhere. Name where your payment links lead as well.
    #[serde(default)]
    pub link_domains: Vec<String>,
    /// How many different people have to agree to what needs an approval, 1 or 2; 1 by default.
    #[serde(default)]
    pub approvers: Option<u8>,
    /// What each agent may do at most; none by default.
    #[serde(default)]
    pub limits: AgentLimits,
}

impl AgentsInput {
    fn policy(&self) -> AgentPolicy {
        let usual = AgentPolicy::default();
        AgentPolicy {
            write: self.write.unwrap_or(usual.write),
            outward: self.outward.unwrap_or(usual.outward),
            destructive: self.destructive.unwrap_or(usual.destructive),
            money: self.money.unwrap_or(usual.money),
            bulk: self.bulk.unwrap_or(usual.bulk),
            key: self.key.unwrap_or(usual.key),
            money_free_minor: self.money_free_minor.unwrap_or(usual.money_free_minor),
            bulk_free_records: self.bulk_free_records.unwrap_or(usual.bulk_free_records),
            link_domains: self.link_domains.clone(),
            approvers: self.approvers.unwrap_or(usual.approvers),
            limits: self.limits.clone(),
        }
    }
}

/// How the assistant works; what is left out is as by default. Each change is a new version, which runs name.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssistantInput {
    /// Instead of the provider's usual model, at most 100 characters.
    #[serde(default)]
    pub model: Option<String>,
    /// The temperature in hundredths, 0 to 200, where the model has one.
    #[serde(default)]
    pub temperature_percent: Option<u16>,
    /// The longest answer, 16 to 4,096 tokens: 600 by default.
    #[serde(default)]
    pub max_output_tokens: Option<u32>,
    /// Rounds of asking the model and using its tools, 1 to 12: 6 by default.
    #[serde(default)]
    pub max_rounds: Option<u32>,
    /// Tokens of one run over all of its attempts, 100 to 500,000: 60,000 by default.
    #[serde(default)]
    pub max_tokens: Option<u64>,
    /// Tokens of all runs of one day, up to 1,000,000,000; without a number there is no limit. Once they are used up, threads
    /// go to people until the next day.
    #[serde(default)]
    pub max_tokens_per_day: Option<u64>,
    /// US cents of all runs of one day, up to 10,000,000; calls whose price nobody knows count as the dearest that we know.
    #[serde(default)]
    pub max_cents_per_day: Option<u32>,
    /// Who looks for facts in a conversation that is closed: the model, where there is one, by default.
    #[serde(default)]
    pub facts: FactsBy,
    /// What the model is told beside our own rules, at most 8,000 characters.
    #[serde(default)]
    pub instructions: Option<String>,
    /// A language (BCP 47) that the model answers in; that of the customer by default. Rules speak English.
    #[serde(default)]
    pub language: Option<String>,
    /// Whether it answers by itself at all times, or only off hours.
    #[serde(default)]
    pub answers: AnswersWhen,
    /// When people of the business are there.
    #[serde(default)]
    pub hours: WeeklyHours,
    /// US cents for a million tokens that go in, where the model's price is not known to us.
    #[serde(default)]
    pub input_price_cents: Option<u32>,
    /// US cents for a million tokens that come out.
    #[serde(default)]
    pub output_price_cents: Option<u32>,
}

impl Input for UpdateSettings {
    fn wanted(&self, facts: &Facts) -> Load {
        whole_tenant(facts)
    }
}

pub async fn update_settings(work: &mut Work, input: UpdateSettings) -> Result<TenantSummary> {
    let tenant_id = work.ctx.tenant_id().to_string();
    let mut tenant = work.find::<Tenant>(&tenant_id).await?;
    let mut problems = Problems::default();
    let settings = patched(&tenant.state.settings, &input, &mut problems, "");
    problems.finish()?;
    work.execute(
        &mut tenant,
        TenantCommand::UpdateSettings {
            settings: Box::new(settings),
        },
    )
    .await?;
    Ok(TenantSummary {
        tenant_id,
        slug: tenant.state.slug,
    })
}

/// The settings with what `input` gives; everything that cannot be read is noted under `base`.
pub(super) fn patched(
    known: &Settings,
    input: &UpdateSettings,
    problems: &mut Problems,
    base: &str,
) -> Settings {
    let mut settings = known.clone();
    let at = |field: &str| format!("{base}/{field}");
    let time_zone = input.time_zone.as_ref();
    let time_zone =
        time_zone.and_then(|name| problems.check(&at("time_zone"), TimeZoneName::parse(name)));
    settings.time_zone = time_zone.unwrap_or(settings.time_zone);
    let region = input.region.as_ref();
    let region = region.and_then(|code| problems.check(&at("region"), Region::parse(code)));
    settings.region = region.unwrap_or(settings.region);
    let currency = input.currency.as_ref();
    let currency = currency.and_then(|code| problems.check(&at("currency"), Currency::parse(code)));
    settings.currency = currency.unwrap_or(settings.currency);
    if let Some(slots) = &input.slots {
        settings.slots = slots.clone();
        settings.slots.sort_unstable();
    }
    settings.party_minutes = input.party_minutes.unwrap_or(settings.party_minutes);
    settings.hold_hours = input.hold_hours.unwrap_or(settings.hold_hours);
    if let Some(zones) = &input.zones {
        settings.zones = areas(zones, problems, base);
    }
    if let Some(rules) = &input.refund_policy {
        let rule = |rule: &RefundRuleInput| RefundRule {
            hours_before: rule.hours_before,
            percent: rule.percent,
        };
        settings.refund_policy = rules.iter().map(rule).collect();
    }
    if let Some(senders) = &input.senders {
        settings.senders = Senders {
            email_name: senders.email_name.clone(),
            email_from: senders.email_from.clone(),
            email_reply_to: senders.email_reply_to.clone(),
            sms_from: senders.sms_from.clone(),
        };
    }
    if let Some(messaging) = &input.messaging {
        settings.messaging = Messaging {
            stop_text: messaging.stop_text.clone(),
            start_text: messaging.start_text.clone(),
            help_text: messaging.help_text.clone(),
            ai_mode: messaging.ai_mode,
            language: messaging.language.clone(),
        };
    }
    settings.erasure_days = input.erasure_days.unwrap_or(settings.erasure_days);
    settings.deletion_days = input.deletion_days.unwrap_or(settings.deletion_days);
    settings.retention = input.retention.clone().unwrap_or(settings.retention);
    if let Some(agents) = &input.agents {
        settings.agents = agents.policy();
    }
    if let Some(assistant) = &input.assistant {
        settings.assistant = changed_assistant(&known.assistant, assistant);
    }
    settings.webhook_alias = input
        .webhook_alias
        .clone()
        .unwrap_or(settings.webhook_alias);
    settings.open_to = input.open_to.clone().unwrap_or(settings.open_to);
    settings.chat_open_to = input.chat_open_to.clone().unwrap_or(settings.chat_open_to);
    settings
}

fn changed_assistant(known: &Assistant, input: &AssistantInput) -> Assistant {
    let usual = Assistant::default();
    let wanted = Assistant {
        version: known.version,
        model: input.model.clone(),
        temperature_percent: input.temperature_percent,
        max_output_tokens: input.max_output_tokens.unwrap_or(usual.max_output_tokens),
        max_rounds: input.max_rounds.unwrap_or(usual.max_rounds),
        max_tokens: input.max_tokens.unwrap_or(usual.max_tokens),
        max_tokens_per_day: input.max_tokens_per_day,
        max_cents_per_day: input.max_cents_per_day,
        facts: input.facts,
        instructions: input.instructions.clone(),
        language: input.language.clone(),
        answers: input.answers,
        hours: input.hours.clone(),
        input_price_cents: input.input_price_cents,
        output_price_cents: input.output_price_cents,
    };
    let is_new = wanted != *known;
    Assistant {
        version: known.version + u32::from(is_new),
        ..wanted
    }
}

fn areas(zones: &[ZoneInput], problems: &mut Problems, base: &str) -> Vec<ZoneArea> {
    let mut areas = Vec::with_capacity(zones.len());
    for (index, input) in zones.iter().enumerate() {
        let zone = problems.check(
            &format!("{base}/zones/{index}/zone"),
            ServiceZone::parse(&input.zone),
        );
        areas.extend(zone.map(|zone| ZoneArea {
            zone,
            postcodes: input.postcodes.clone(),
        }));
    }
    areas
}
