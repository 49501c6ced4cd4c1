//! Looking things up in the middle of a command: owners of claims and handles, and the keys that seal a person's fields.

use domain::customers::privacy;
use event_store::commit::{KeyChange, NewSubjectKey};
use event_store::load::{HeldKey, Load};
use event_store::store::Store;
use event_store::vault::SubjectKey;

use super::{Basis, Subject, Work};
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

    /// The key to seal a subject's fields with: its own, or a new one that travels in this commit. Refused with
    /// `subject-restricted` or `subject-erased` for a person whose data rests or is gone.
    pub async fn subject(&mut self, subject: &str) -> Result<SubjectKey> {
        if let Some(key) = self.known_subject(subject) {
            return Ok(key);
        }
        match self.find_subject(subject).await? {
            Subject::Active(key) => Ok(key),
            Subject::New => self.new_subject(subject),
            Subject::Restricted(_) => Err(privacy::restricted().into()),
            Subject::Erased => Err(privacy::erased().into()),
        }
    }

    /// As `subject`, a restricted one too: for the person's own wishes. `None` for a subject that never had a key.
    pub async fn kept_subject(&mut self, subject: &str) -> Result<Option<SubjectKey>> {
        match self.find_subject(subject).await? {
            Subject::Active(key) | Subject::Restricted(key) => Ok(Some(key)),
            Subject::New => Ok(None),
            Subject::Erased => Err(privacy::erased().into()),
        }
    }

    /// Changes the state of a subject's key with this commit.
    pub fn change_key(&mut self, change: KeyChange) {
        self.kept.key_changes.push(change);
    }

    async fn find_subject(&mut self, subject: &str) -> Result<Subject> {
        if !self.subjects.contains_key(subject) {
            self.fetch(Load {
                subjects: vec![subject.to_owned()],
                ..Load::default()
            })
            .await?;
        }
        let found = self.subjects.get(subject).cloned();
        Ok(found.unwrap_or(Subject::New))
    }

    fn known_subject(&self, subject: &str) -> Option<SubjectKey> {
        let guarded = self.basis == Basis::Known
            && !self.subjects.contains_key(subject)
            && self.read.iter().any(|(_, id, _)| id == subject);
        guarded
            .then(|| self.keys.as_ref()?.cached_subject(subject))
            .flatten()
    }

    /// The key of a subject that this very command makes, without looking for an old one. Should there be one all the same,
    /// the commit does not stand: a tombstone keeps its place.
    pub fn new_subject(&mut self, subject: &str) -> Result<SubjectKey> {
        match self.subjects.get(subject) {
            Some(Subject::Active(key)) => return Ok(key.clone()),
            Some(Subject::Restricted(_)) => return Err(privacy::restricted().into()),
            Some(Subject::Erased) => return Err(privacy::erased().into()),
            Some(Subject::New) | None => {}
        }
        let (key, wrapped_key) = self.keys()?.new_subject(subject)?;
        self.kept.subject_keys.push(NewSubjectKey {
            subject_id: subject.to_owned(),
            wrapped_key,
        });
        let known = Subject::Active(key.clone());
        self.subjects.insert(subject.to_owned(), known);
        Ok(key)
    }
}
