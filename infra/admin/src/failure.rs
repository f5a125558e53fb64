//! Why a command did not do what was asked, and the exit code that a script can act on.

use std::process::ExitCode;

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// What was given is not what is needed. Exit code 2, as for clap's own refusals.
    #[error("{0}")]
    Usage(String),
    /// There is no such thing. Exit code 3.
    #[error("{0}")]
    NotFound(String),
    /// AWS, or the local cloud, does not answer. Exit code 4.
    #[error("{0}")]
    Unavailable(String),
    /// The doctor found something. Exit code 5.
    #[error("{0} of the checks failed")]
    Unwell(usize),
    /// Anything else. Exit code 1.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// The exit code.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Other(_) => 1,
            Self::Usage(_) => 2,
            Self::NotFound(_) => 3,
            Self::Unavailable(_) => 4,
            Self::Unwell(_) => 5,
        })
    }
}

impl From<shared::Error> for Failure {
    fn from(error: shared::Error) -> Self {
        match error {
            shared::Error::Unavailable(cause) => Self::Unavailable(format!(
                "the tables do not answer: {cause}; are the credentials, the region and the tables' names right?"
            )),
            other => Self::Other(other.to_string()),
        }
    }
}
