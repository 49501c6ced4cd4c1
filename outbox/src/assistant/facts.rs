//! A look for facts in a conversation: by the tenant's language model within its budget, by rules else. Whatever a model
//! says is checked: a fact rests on words that the customer wrote in the message that it names, or it is left out.

use std::time::Duration;

use cqrs_es::Aggregate;
use domain::assistant_runs::{Engine, EngineKind};
use domain::booking_talk::facts::{FACTS_EDITION, Found, Spoken, SpokenBy, extract};
use domain::conversations::events::ConversationEvent;
use domain::conversations::messages::SenderType;
use domain::conversations::{Conversation, Thread};
use domain::facts::{FactSheet, MAX_QUOTE_CHARS};
use domain::ids::ConversationId;
use domain::tenants::Tenant;
use domain::tenants::assistant::FactsBy;
use domain::zones::local_date;
use event_store::error::Error;
use event_store::vault::SubjectKey;
use integrations::catalogue::{self, Capability};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::fact_prompt::{self, Proposed};
use super::model::{answered, too_slow};
use crate::Result;
use crate::deliver::{Delivered, Undelivered};
use crate::delivery::{Delivery, fold};
use crate::senders::Configuration;
use crate::work::Job;

/// Messages that one look reads, the newest ones.
const MAX_SPOKEN: usize = 60;
/// The longest that a model may take.
const LONGEST_CALL: Duration = Duration::from_secs(60);

/// Everything that a look goes by.
struct Look<'a> {
    job: &'a Job,
    tenant: &'a Tenant,
    thread_id: &'a ConversationId,
    spoken: Vec<Spoken>,
}

/// What a look has brought.
struct Brought {
    engine: Engine,
    found: Vec<Found>,
    left_out: Vec<&'static str>,
}

impl Delivery {
    pub(crate) async fn extract_facts(
        &self,
        job: &Job,
        thread_id: &ConversationId,
    ) -> std::result::Result<Delivered, Undelivered> {
        let id = thread_id.as_str();
        let streams = [(Conversation::TYPE, id), (FactSheet::TYPE, id)];
        let read = self.read(&job.tenant_id, &streams).await?;
        let conversation: Conversation = fold(&read, id)?;
        let sheet: FactSheet = fold(&read, id)?;
        let tenant = self.tenant(&job.tenant_id).await?;
        let by = tenant.settings.assistant.facts;
        if by == FactsBy::Off && !sheet.requested {
            return Ok(Delivered::Withheld("nobody wants facts"));
        }
        let store = &self.dispatcher.store;
        let keys = store.subject_keys(&job.tenant_id, &[id]).await?;
        let (Some(thread), Some((_, key))) = (conversation.thread, keys.into_iter().next()) else {
            return Ok(Delivered::Withheld("what was said has been erased"));
        };
        let spoken = self
            .spoken(job, thread_id, &thread, (&key, &tenant))
            .await?;
        let look = Look {
            job,
            tenant: &tenant,
            thread_id,
            spoken,
        };
        let settings_of = |name: &str| Some(&tenant.providers.get(name)?.settings);
        let provider = catalogue::choose(Capability::Complete, settings_of);
        let is_free = by == FactsBy::Rules || self.is_day_used_up(&job.tenant_id, &tenant).await?;
        let brought = match provider.filter(|_| !is_free) {
            Some(entry) => self.look_by_model(&look, entry.name).await?,
            None => by_rules(&look),
        };
        let body = json!({
            "thread_id": thread_id,
            "extraction_id": job.message_id,
            "engine": brought.engine,
            "found": brought.found.iter().map(told).collect::<Vec<_>>(),
            "left_out": brought.left_out,
        });
        self.bring_facts_back(job, body).await
    }

    /// The look will not be tried again.
    pub(crate) async fn give_facts_up(&self, job: &Job, thread_id: &ConversationId) -> Result<()> {
        let body = json!({
            "thread_id": thread_id,
            "extraction_id": job.message_id,
            "engine": rules_engine(0),
            "failed": "unavailable",
        });
        match self.bring_back(job, "finish-fact-extraction", body).await {
            Err(Error::Refused(_)) => Ok(()),
            outcome => outcome,
        }
    }

    async fn bring_facts_back(
        &self,
        job: &Job,
        body: Value,
    ) -> std::result::Result<Delivered, Undelivered> {
        match self.bring_back(job, "finish-fact-extraction", body).await {
            Ok(()) => Ok(Delivered::Done),
            Err(Error::Refused(_)) => Ok(Delivered::Withheld("what was said rests or is erased")),
            Err(error) => Err(error.into()),
        }
    }

    /// What was said, opened, the oldest first.
    pub(super) async fn spoken(
        &self,
        job: &Job,
        thread_id: &ConversationId,
        thread: &Thread,
        (key, tenant): (&SubjectKey, &Tenant),
    ) -> Result<Vec<Spoken>> {
        let skipped = thread.recent.len().saturating_sub(MAX_SPOKEN);
        let after = thread.recent[skipped..]
            .first()
            .map_or(0, |first| first.sequence - 1);
        let stream = (Conversation::TYPE, thread_id.as_str());
        let store = &self.dispatcher.store;
        let events = store.read_stream(&job.tenant_id, stream, after).await?;
        let mut spoken = Vec::new();
        for recorded in &events {
            let (by, message_id, sealed) = match recorded.decode()? {
                ConversationEvent::MessageReceived(received) if received.keyword.is_none() => {
                    (SpokenBy::Customer, received.message_id, received.content)
                }
                ConversationEvent::MessageSent(sent) if sent.sender_type != SenderType::System => {
                    (SpokenBy::Us, sent.message_id, sent.content)
                }
                _ => continue,
            };
            spoken.extend(key.open("content", &sealed).map(|text| Spoken {
                message_id: message_id.to_string(),
                by,
                text,
                day: local_date(&tenant.settings.time_zone, recorded.occurred_at),
            }));
        }
        Ok(spoken)
    }

    /// Asks once; what does not fit is told, and asked for once more.
    async fn look_by_model(
        &self,
        look: &Look<'_>,
        provider: &'static str,
    ) -> std::result::Result<Brought, Undelivered> {
        let (job, settings) = (look.job, &look.tenant.settings.assistant);
        let keys = self.dispatcher.store.keys(&job.tenant_id).await?;
        let completer = self.senders.completions(Configuration {
            tenant_id: &job.tenant_id,
            tenant: look.tenant,
            keys: &keys,
        })?;
        let today = local_date(&look.tenant.settings.time_zone, OffsetDateTime::now_utc());
        let mut prompt = fact_prompt::prompt(settings, &look.spoken, today, &job.message_id);
        let model = settings.model.clone();
        let engine = Engine {
            kind: EngineKind::Model,
            provider: Some(provider.to_owned()),
            model: model.unwrap_or_else(|| completer.model().to_owned()),
            settings_version: settings.version,
            prompt_digest: Some(fact_prompt::digest()),
        };
        for round in 1..=fact_prompt::MAX_ROUNDS {
            let began = std::time::Instant::now();
            let outcome = tokio::time::timeout(LONGEST_CALL, completer.complete(&prompt)).await;
            let outcome = outcome.unwrap_or_else(|_| Err(too_slow()));
            let mut body = match &outcome {
                Ok(completion) => answered(settings, completion),
                Err(failure) => {
                    json!({ "model": engine.model, "failure_kind": failure.kind.as_str() })
                }
            };
            let latency_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            body["run"] = json!({
                "thread_id": look.thread_id, "message_id": job.message_id, "ai_mode": "suggest", "engine": engine,
            });
            body["round"] = round.into();
            body["attempt"] = job.attempt.into();
            body["latency_ms"] = latency_ms.into();
            let key = format!("{}:facts:{}:{round}", job.message_id, job.lease_no);
            self.record(job, ("record-assistant-call", key), body)
                .await?;
            match fact_prompt::read(&outcome?) {
                Ok(proposed) => return Ok(judged(engine, proposed, &look.spoken)),
                Err(answer) => prompt.turns.extend(answer),
            }
        }
        Ok(Brought {
            engine,
            found: Vec::new(),
            left_out: vec!["answer-invalid"],
        })
    }
}

fn by_rules(look: &Look<'_>) -> Brought {
    Brought {
        engine: rules_engine(look.tenant.settings.assistant.version),
        found: extract(&look.spoken, &look.tenant.settings),
        left_out: Vec::new(),
    }
}

fn rules_engine(settings_version: u32) -> Engine {
    Engine {
        kind: EngineKind::Rules,
        model: FACTS_EDITION.to_owned(),
        settings_version,
        ..Engine::default()
    }
}

/// Only what rests on the customer's own words: their message, and words that stand in it.
fn judged(engine: Engine, proposed: Vec<Proposed>, spoken: &[Spoken]) -> Brought {
    let (mut found, mut left_out) = (Vec::new(), Vec::new());
    for fact in proposed {
        let mut messages = spoken.iter();
        let message = messages.find(|said| said.message_id == fact.message_id);
        let code = match message {
            None => Some("message-unknown"),
            Some(said) if said.by == SpokenBy::Us => Some("not-the-customers-words"),
            Some(said) if !said.text.contains(&fact.quote) || fact.quote.trim().is_empty() => {
                Some("quote-not-found")
            }
            Some(_) if fact.quote.chars().count() > MAX_QUOTE_CHARS => Some("quote-invalid"),
            Some(_) => None,
        };
        match code {
            Some(code) => left_out.push(code),
            None => found.push(fact.into_found()),
        }
    }
    Brought {
        engine,
        found,
        left_out,
    }
}

fn told(found: &Found) -> Value {
    json!({
        "field": found.field,
        "value": found.value.to_string(),
        "quote": found.quote,
        "message_id": found.message_id,
        "evidence": found.evidence,
        "confidence_percent": found.confidence_percent,
    })
}
