//! Names of environment variables an entry may pass through.
//!
//! The attack: a project lists `LD_PRELOAD` or `NODE_OPTIONS` among the names its server "needs",
//! and whatever the client has in it runs inside the server before its first line.

/// Whole names that load code into a process or change where it looks for code.
const LOADS_CODE: [&str; 8] = [
    "NODE_OPTIONS",
    "NODE_PATH",
    "OPENSSL_CONF",
    "OPENSSL_ENGINES",
    "OPENSSL_MODULES",
    "GCONV_PATH",
    "BASH_ENV",
    // On macOS it moves Python's home, and so its standard library.
    "__PYVENV_LAUNCHER__",
];

/// Beginnings of such names.
const LOADS_CODE_PREFIX: [&str; 4] = ["LD_", "DYLD_", "PYTHON", "NPM_CONFIG_"];

/// Why a name of a variable is refused. Whoever wrote the entry is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvNameError {
    /// `NAME=value`. The value is not repeated: it may be a secret.
    #[error("`{name}` is given a value; only names stand here, values come from the client and are never stored")]
    HasValue {
        /// What stands before the `=`.
        name: String,
    },
    /// Not letters, digits and `_`, or it starts with a digit, or it is too long.
    #[error("this is not the name of a variable (letters, digits and `_`)")]
    Malformed,
    /// The variable loads code into the server; it is never passed.
    #[error("`{0}` can load other code into the server and is never passed")]
    LoadsCode(String),
}

/// Accepts the name of a variable that may be passed to a server.
///
/// What is refused is never repeated in full, because people paste secrets where names belong.
pub fn check_env_name(text: &str) -> Result<(), EnvNameError> {
    if let Some((name, _)) = text.split_once('=') {
        let name = if is_name(name) { name.to_owned() } else { "…".to_owned() };
        return Err(EnvNameError::HasValue { name });
    }
    if !is_name(text) {
        return Err(EnvNameError::Malformed);
    }
    let upper = text.to_ascii_uppercase();
    if LOADS_CODE.contains(&upper.as_str()) || LOADS_CODE_PREFIX.iter().any(|prefix| upper.starts_with(prefix)) {
        return Err(EnvNameError::LoadsCode(text.to_owned()));
    }
    Ok(())
}

fn is_name(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    first && text.len() <= 128 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_load_code_are_refused_in_any_case() {
        for name in [
            "NODE_OPTIONS",
            "node_path",
            "LD_PRELOAD",
            "DYLD_INSERT_LIBRARIES",
            "PYTHONPATH",
            "npm_config_registry",
            "OPENSSL_CONF",
            "__pyvenv_launcher__",
        ] {
            assert_eq!(check_env_name(name), Err(EnvNameError::LoadsCode(name.to_owned())), "{name}");
        }
    }

    #[test]
    fn a_value_is_refused_and_not_repeated() {
        let error = check_env_name("API_KEY=hunter2").unwrap_err();
        assert!(
            error.to_string().contains("API_KEY") && !error.to_string().contains("hunter2"),
            "{error}"
        );
        for malformed in ["", "1A", "A B", "A-B", "sk-verysecret"] {
            let error = check_env_name(malformed).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        assert_eq!(check_env_name("BRAVE_API_KEY"), Ok(()));
        assert_eq!(check_env_name("_x1"), Ok(()));
    }
}
