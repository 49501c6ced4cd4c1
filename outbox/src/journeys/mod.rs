//! What moves journeys: the log, which begins runs and tells those under way.

pub mod subscriber;
