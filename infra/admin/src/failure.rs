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
    /// Nobody is signed in to AWS, or not as somebody who may do this. Exit code 6.
    #[error("{0}")]
    Denied(String),
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
            Self::Denied(_) => 6,
        })
    }
}

/// What AWS says where it does not take the credentials, or the caller may not do this.
const DENIALS: [&str; 7] = [
    "AccessDenied",
    "UnrecognizedClient",
    "ExpiredToken",
    "InvalidSignature",
    "InvalidClientTokenId",
    "MissingAuthenticationToken",
    "NotAuthorized",
];

impl Failure {
    /// By what AWS, or the local cloud, said or did not say.
    pub(crate) fn of(cause: &str) -> Self {
        let cause = readable(cause);
        if DENIALS.iter().any(|denial| cause.contains(denial)) {
            return Self::Denied(format!(
                "AWS refuses: {cause}; are the credentials still good, and may their owner do this?"
            ));
        }
        if cause.contains("ResourceNotFoundException") {
            return Self::NotFound(format!(
                "AWS knows no such table or secret ({cause}); are the region and the names of the stack's outputs right?"
            ));
        }
        Self::Unavailable(format!("AWS does not answer: {cause}"))
    }
}

/// A cause without the structure that the SDK shows behind it.
pub(crate) fn readable(cause: &str) -> &str {
    const STRUCTURES: [&str; 7] = [
        " (CredentialsNotLoaded(",
        " (DispatchFailure(",
        " (TimeoutError(",
        " (ConstructionFailure(",
        " (ResponseError(",
        " (ServiceError(",
        " (ProviderError(",
    ];
    let ends = STRUCTURES.iter().filter_map(|begin| cause.find(begin));
    &cause[..ends.min().unwrap_or(cause.len())]
}

impl From<shared::Error> for Failure {
    fn from(error: shared::Error) -> Self {
        match error {
            shared::Error::Unavailable(cause) => Self::of(&cause),
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<shared::cloud::WriteError> for Failure {
    fn from(error: shared::cloud::WriteError) -> Self {
        match error {
            shared::cloud::WriteError::Changed => Self::Unavailable(format!(
                "{error}; look what it holds now, then run this again"
            )),
            shared::cloud::WriteError::Failed(cause) => {
                Self::of(&format!("the secret cannot be written: {cause}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_without_its_structure_and_by_its_kind() {
        let kind = |cause: &str| match Failure::of(cause) {
            Failure::Denied(_) => 6,
            Failure::NotFound(_) => 3,
            Failure::Unavailable(told) => {
                assert!(!told.contains("Failure"), "{told}");
                4
            }
            _ => 1,
        };
        assert_eq!(
            kind("dispatch failure: dns error (DispatchFailure(DispatchFailure { source }))"),
            4
        );
        assert_eq!(kind("AccessDeniedException"), 6);
        assert_eq!(kind("ExpiredTokenException"), 6);
        assert_eq!(kind("ResourceNotFoundException"), 3);
    }
}
