//! A run by rules: they name the tools that they want used, until they know what to say.

use domain::assistant_runs::{Engine, EngineKind, HandOverReason};
use domain::booking_talk::{self, EDITION, Move, Reply, Talk, Used};
use domain::zones::local_date;

use super::finishing::{Ending, Finished};
use super::situation::Situation;
use super::tools::Toolbox;
use crate::Result;
use crate::delivery::Delivery;
use crate::work::Job;

/// Tools that one run may use; the rules ask for no more than a handful.
const MAX_MOVES: usize = 16;

impl Delivery {
    pub(super) async fn think_by_rules(
        &self,
        job: &Job,
        situation: &Situation,
    ) -> Result<Finished> {
        let heard = situation.heard();
        let tenant = &situation.tenant;
        let mut tools = Toolbox::new(self, job, situation, None);
        tools.note_reading().await?;
        let mut results: Vec<Used> = Vec::new();
        for _ in 0..MAX_MOVES {
            let talk = Talk {
                business: &tenant.name,
                settings: &tenant.settings,
                price_book: tenant.price_book.as_ref(),
                today: local_date(&tenant.settings.time_zone, situation.now),
                heard: &heard,
                draft: situation.draft.clone(),
                known: situation.known.clone(),
                results: &results,
            };
            match booking_talk::next(&talk) {
                Move::Use(call) => {
                    let answer = tools.call(call.tool, &call.arguments).await?;
                    results.push(Used { call, answer });
                }
                Move::Say(reply) => {
                    let ending = Ending::say(reply.text.clone());
                    return finished(situation, ending, reply, tools);
                }
                Move::HandOver { reason, reply } => {
                    let ending = Ending::hand_over(reason, Some(reply.text.clone()));
                    return finished(situation, ending, reply, tools);
                }
            }
        }
        let ending = Ending::hand_over(HandOverReason::Unsure, None);
        finished(situation, ending, Reply::default(), tools)
    }
}

fn finished(
    situation: &Situation,
    ending: Ending,
    reply: Reply,
    tools: Toolbox<'_>,
) -> Result<Finished> {
    Ok(Finished {
        engine: engine(situation),
        ending,
        reasons: reply.reasons.into_iter().map(str::to_owned).collect(),
        draft: Some(serde_json::to_string(&reply.draft)?),
        uses: tools.uses,
        actions: tools.actions,
        customer_id: tools.customer_id,
    })
}

/// The record says that no model was asked.
pub(super) fn engine(situation: &Situation) -> Engine {
    Engine {
        kind: EngineKind::Rules,
        model: EDITION.to_owned(),
        settings_version: situation.tenant.settings.assistant.version,
        ..Engine::default()
    }
}
