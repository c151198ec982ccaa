//! What the guard does with a server beside comparing it with its pin: the user's rules.

/// What becomes of what the guard objects to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GuardMode {
    /// It is kept from passing.
    #[default]
    Enforce,
    /// It passes, and is logged and told. User's and system's configuration only.
    Observe,
}

/// The rules of one entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GuardRules {
    /// Enforce or observe.
    pub mode: GuardMode,
}
