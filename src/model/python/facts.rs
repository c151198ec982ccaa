//! What a running interpreter says of itself: plain data.

/// What is known of one Python interpreter. Filled by asking it; nothing in here is believed
/// before [`PythonTarget::new`](super::PythonTarget::new) has checked that it fits together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonFacts {
    /// `sys.version_info[:3]`.
    pub version: (u32, u32, u32),
    /// `platform.python_version()`: `3.12.1`, `3.13.0rc1`.
    pub full_version: String,
    /// `sys.implementation.name`: `cpython`.
    pub implementation: String,
    /// The variables of markers.
    pub markers: PythonMarkers,
    /// The system.
    pub platform: PythonPlatform,
    /// Built without the global lock (`Py_GIL_DISABLED`): another ABI.
    pub free_threaded: bool,
    /// A debug build (`Py_DEBUG`): another ABI.
    pub debug: bool,
    /// The size of a pointer in bytes: 8 or 4.
    pub pointer_size: u8,
    /// `sys.implementation.cache_tag`: `cpython-312`.
    pub cache_tag: String,
    /// `importlib.util.MAGIC_NUMBER` in lower case hexadecimal: which compiled files it reads.
    pub magic: String,
}

/// The variables of PEP 508 that are not versions of Python, as the interpreter has them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PythonMarkers {
    /// `os.name`.
    pub os_name: String,
    /// `sys.platform`.
    pub sys_platform: String,
    /// `platform.machine()`.
    pub platform_machine: String,
    /// `platform.python_implementation()`.
    pub platform_python_implementation: String,
    /// `platform.release()`.
    pub platform_release: String,
    /// `platform.system()`.
    pub platform_system: String,
    /// `platform.version()`.
    pub platform_version: String,
    /// `sys.implementation.version` as a PEP 440 text.
    pub implementation_version: String,
}

/// The system an interpreter runs on, as wheels name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PythonPlatform {
    /// Linux.
    Linux {
        /// The kernel's machine: `x86_64`, `aarch64`.
        machine: String,
        /// The C library the interpreter runs with.
        libc: Libc,
    },
    /// macOS.
    MacOs {
        /// `platform.mac_ver()`, the real one (never the 10.16 that old builds are told).
        version: (u32, u32),
        /// `arm64` or `x86_64`.
        machine: String,
    },
    /// Windows.
    Windows {
        /// The interpreter's own architecture: `amd64`, `arm64`, `win32`.
        machine: String,
    },
}

/// A C library with its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Libc {
    /// GNU.
    Glibc(u32, u32),
    /// musl.
    Musl(u32, u32),
}
