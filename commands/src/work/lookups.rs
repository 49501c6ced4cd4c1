//! Looking things up in the middle of a command: owners of claims and handles, and the keys that seal a person's fields.

use event_store::commit::NewSubjectKey;
use event_store::load::{HeldKey, Load};
use event_store::store::Store;
use event_store::vault::SubjectKey;

use super::{Basis, Work};
use crate::Result;
use crate::known::Snapshot;

impl Work {
    /// The owner of a claim, if somebody holds it.
    pub async fn find_claim(&mut self, scope: &'static str, value: &str) -> Result<Option<String>> {
        Ok(self
            .find_claims(&[(scope, value.to_owned())])
            .await?
            .into_iter()
            .next()
            .map(|held| held.aggregate_id))
    }

    /// Those of these claims that somebody holds, looked up in one wait.
    pub async fn find_claims(&mut self, keys: &[(&'static str, String)]) -> Result<Vec<HeldKey>> {
        let before = self.claims.len();
        self.fetch(Load {
            claims: keys.to_vec(),
            ..Load::default()
        })
        .await?;
        Ok(self.claims.split_off(before))
    }

    /// The claim's owner as the first load saw it (for keys that were named in `Input::wanted`).
    pub fn wanted_claim(&self, scope: &str, value: &str) -> Option<&str> {
        self.claims
            .iter()
            .find(|held| held.scope == scope && held.value == value)
            .map(|held| held.aggregate_id.as_str())
    }

    /// The handle's owners as the first load saw them (for keys that were named in `Input::wanted`).
    pub fn wanted_handles(&self, scope: &str, value: &str) -> Vec<String> {
        let held = self
            .handles
            .iter()
            .filter(|held| held.scope == scope && held.value == value);
        held.map(|held| held.aggregate_id.clone()).collect()
    }

    /// Every owner of a handle.
    pub async fn find_handles(&mut self, scope: &'static str, value: &str) -> Result<Vec<String>> {
        let before = self.handles.len();
        self.fetch(Load {
            handles: vec![(scope, value.to_owned())],
            ..Load::default()
        })
        .await?;
        Ok(self
            .handles
            .split_off(before)
            .into_iter()
            .map(|held| held.aggregate_id)
            .collect())
    }

    /// All that the command has changed: what kind, which, and as it will be.
    pub(crate) fn changed(&self) -> impl Iterator<Item = (&'static str, &str, &Snapshot)> {
        let all = self.learned.iter();
        all.map(|(kind, id, snapshot)| (*kind, id.as_str(), snapshot))
    }

    /// Where what agents have read is looked up.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// The key to seal a subject's fields with: its own, or a new one that travels in this commit.
    pub async fn subject(&mut self, subject: &str) -> Result<SubjectKey> {
        if let Some(key) = self.known_subject(subject) {
            return Ok(key);
        }
        if !self.subjects.contains_key(subject) {
            self.fetch(Load {
                subjects: vec![subject.to_owned()],
                ..Load::default()
            })
            .await?;
        }
        if let Some(Some(key)) = self.subjects.get(subject) {
            return Ok(key.clone());
        }
        self.new_subject(subject)
    }

    fn known_subject(&self, subject: &str) -> Option<SubjectKey> {
        let guarded = self.basis == Basis::Known
            && !self.subjects.contains_key(subject)
            && self.read.iter().any(|(_, id, _)| id == subject);
        guarded
            .then(|| self.keys.as_ref()?.cached_subject(subject))
            .flatten()
    }

    /// The key of a subject that this very command makes, without looking for an old one.
    pub fn new_subject(&mut self, subject: &str) -> Result<SubjectKey> {
        if let Some(Some(key)) = self.subjects.get(subject) {
            return Ok(key.clone());
        }
        let (key, wrapped_key) = self.keys()?.new_subject(subject)?;
        self.kept.subject_keys.push(NewSubjectKey {
            subject_id: subject.to_owned(),
            wrapped_key,
        });
        self.subjects.insert(subject.to_owned(), Some(key.clone()));
        Ok(key)
    }
}
