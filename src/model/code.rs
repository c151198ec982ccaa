//! What is new in the code of a package: facts, each with the place where it stands.

/// What a piece of code can do to the machine or with it. A class, not a call: what grows from one
/// version to the next is what counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ability {
    /// Starts a program.
    Process,
    /// Hands a line to a shell.
    Shell,
    /// Talks over the network.
    Network,
    /// Asks DNS, which carries data out where nothing else does.
    Dns,
    /// Writes, moves or deletes files.
    FileWrite,
    /// Names a place where secrets lie (`~/.ssh`, `.npmrc`, a wallet).
    SecretPath,
    /// Reads the whole environment and not single variables of it.
    WholeEnvironment,
    /// Packs data into another form (base64, hexadecimal, encryption, JSON of a whole object).
    Encode,
    /// Runs text as code.
    Eval,
    /// Loads native code, or calls through a foreign function interface.
    Native,
    /// Reads or writes the clipboard.
    Clipboard,
    /// Takes pictures of the screen, or listens to the keyboard.
    Screen,
    /// Fetches another interpreter (bun, deno, a portable Python) or installs packages.
    ChildInterpreter,
    /// Writes the configuration of AI clients, or files of instructions that they read.
    ClientConfig,
    /// Publishes packages, or pushes to repositories.
    Publish,
}

impl Ability {
    /// Every one, in the order of their names here.
    pub const ALL: [Self; 15] = [
        Self::Process,
        Self::Shell,
        Self::Network,
        Self::Dns,
        Self::FileWrite,
        Self::SecretPath,
        Self::WholeEnvironment,
        Self::Encode,
        Self::Eval,
        Self::Native,
        Self::Clipboard,
        Self::Screen,
        Self::ChildInterpreter,
        Self::ClientConfig,
        Self::Publish,
    ];

    /// The word in facts and in machine-readable output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Shell => "shell",
            Self::Network => "network",
            Self::Dns => "dns",
            Self::FileWrite => "file-write",
            Self::SecretPath => "secret-path",
            Self::WholeEnvironment => "whole-environment",
            Self::Encode => "encode",
            Self::Eval => "eval",
            Self::Native => "native",
            Self::Clipboard => "clipboard",
            Self::Screen => "screen",
            Self::ChildInterpreter => "child-interpreter",
            Self::ClientConfig => "client-config",
            Self::Publish => "publish",
        }
    }
}

/// The kind of a literal that is worth a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LiteralKind {
    /// The host of a URL, or a host name by itself, in lower case, with its port where one is named.
    Host,
    /// An e-mail address.
    Email,
    /// An IP address.
    Ip,
    /// A long run of base64 or hexadecimal digits, or of character codes: code or keys in disguise.
    Blob,
    /// The address of a cryptocurrency wallet.
    Wallet,
}

impl LiteralKind {
    /// The word in facts and in machine-readable output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Email => "e-mail address",
            Self::Ip => "IP address",
            Self::Blob => "encoded data",
            Self::Wallet => "wallet address",
        }
    }
}

/// What is new at one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// A literal that the package had nowhere before.
    Literal {
        /// Its kind.
        kind: LiteralKind,
        /// The text that the sign is about: the host of a URL, not the whole of it. At most 200
        /// characters: a longer one ends in its digest.
        text: String,
    },
    /// A class of abilities.
    Ability {
        /// Which.
        ability: Ability,
        /// By what: `child_process.exec`, `os.environ`, or the path that is named.
        by: String,
        /// The package had the ability nowhere before. `false`: it had, and uses it at one more
        /// place.
        first: bool,
    },
    /// Abilities that make a theft together stand in one function, or in one small file: what is
    /// read, and how it leaves. Two pairs are no theft but act alike: `ClientConfig` to `FileWrite` (a
    /// client's configuration is named where files are written), and `Network` to `Eval` (code is
    /// fetched and run).
    Chain {
        /// What is read: secrets, the whole environment, the clipboard.
        source: Ability,
        /// How it leaves or acts: network, DNS, a process, a client's configuration.
        sink: Ability,
        /// It is packed in between.
        encoded: bool,
    },
    /// Code is made hard to read, in a package that was not built that way before.
    Obfuscated {
        /// How, in our own words, for example `names like _0x3fa1`.
        how: String,
    },
    /// Code stands far to the right of what an editor shows.
    Pushed {
        /// How many blanks stand before it.
        columns: usize,
    },
    /// A readable file became one that is minified.
    Minified,
    /// A file, or the package, grew out of all proportion.
    Grown {
        /// Bytes before.
        before: u64,
        /// Bytes now.
        after: u64,
    },
    /// Characters that nobody sees stand in what is new.
    Invisible,
    /// A file that nobody can read is new, or has another kind: native code, an archive in the archive, `.pyc`.
    Opaque {
        /// What it is, in our own words.
        what: String,
    },
    /// A source file could not be read as its language; its text was searched all the same.
    Unread {
        /// Why, in our own words.
        why: String,
    },
    /// The package declares a dependency that none of its code imports.
    NeverImported {
        /// The dependency.
        dependency: String,
    },
    /// Code imports a package that is not declared: another package brings it, or nobody does yet.
    Undeclared {
        /// The module, as it is imported.
        module: String,
    },
    /// There are more signs than a report can hold: the least were left out, and none that is worse
    /// than those that stayed.
    LeftOut {
        /// How many.
        count: usize,
    },
}

/// A sign with its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CodeSign {
    /// What.
    pub sign: Sign,
    /// The file inside the package; empty where the sign is about the whole package.
    pub path: String,
    /// The line, from 1; 0 where the sign is about the whole file.
    pub line: u32,
    /// The line or stretch it replaces, bounded; empty where nothing stood there.
    pub before: String,
    /// The line or stretch as it is now, bounded around the sign.
    pub after: String,
}
