//! What the visitors of a house did and were told, for the invariants.

/// A request for a code.
#[derive(Clone, Debug)]
pub struct Asked {
    /// For which address, as it was typed.
    pub identifier: String,
    pub status: u16,
    /// The delivery that the answer named.
    pub delivery_id: Option<String>,
}

/// A code that was entered.
#[derive(Clone, Debug)]
pub struct Entered {
    /// For which address, as it was typed.
    pub identifier: String,
    pub status: u16,
    /// Whom it let in.
    pub user: Option<String>,
}

/// Everything that visitors did.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Requests for codes, in the order of their answers.
    pub asked: Vec<Asked>,
    /// Codes entered, in the order of their answers.
    pub entered: Vec<Entered>,
}
