//! The table of clients: where each one keeps its servers, and how it writes them.
//!
//! Rows are of November 2026. A path that only some sources name is in it all the same: a file that
//! nobody has is not found, and one that somebody has is not overlooked.

use super::places::Os;
use super::table::{Base, Client, CommandShape, Container, Dialect, Format, Place, ScopeKind};

const MCP_SERVERS: &[Container] = &[&["mcpServers"]];
const SERVERS: &[Container] = &[&["servers"]];
const CONTEXT_SERVERS: &[Container] = &[&["context_servers"]];
const EXTENSIONS: &[Container] = &[&["extensions"]];
const CODEX: &[Container] = &[&["mcp_servers"]];
const CLAUDE_CODE: &[Container] = &[&["mcpServers"], &["projects", "*", "mcpServers"]];
/// A plugin's file may hold the servers at its root.
const PLUGIN: &[Container] = &[&["mcpServers"], &[]];
const VS_CODE_SETTINGS: &[Container] = &[&["mcp", "servers"], &["mcp.servers"]];
const OPENCODE: &[Container] = &[&["mcp", "servers"], &["mcp"]];
const CONTINUE: &[Container] = &[&["mcpServers"]];
/// A file of one block may be the server itself, copied from another client.
const CONTINUE_JSON: &[Container] = &[&["mcpServers"], &[]];

const fn place(scope: ScopeKind, base: Base, path: &'static str, format: Format, containers: &'static [Container]) -> Place {
    Place {
        scope,
        base,
        path,
        os: None,
        format,
        containers,
    }
}

const fn user(base: Base, path: &'static str, format: Format, containers: &'static [Container]) -> Place {
    place(ScopeKind::User, base, path, format, containers)
}

const fn project(path: &'static str, format: Format, containers: &'static [Container]) -> Place {
    place(ScopeKind::Project, Base::Project, path, format, containers)
}

const fn managed(os: Os, path: &'static str, containers: &'static [Container]) -> Place {
    Place {
        scope: ScopeKind::Managed,
        base: Base::Root,
        path,
        os: Some(os),
        format: Format::Json,
        containers,
    }
}

/// As most clients write an entry.
const USUAL: Dialect = Dialect {
    command: CommandShape::Words {
        command: "command",
        args: "args",
    },
    env: "env",
    stdio_type: None,
};

/// Every client that is known, by name.
pub const CLIENTS: &[Client] = &[
    Client {
        id: "amazon-q",
        name: "Amazon Q",
        places: &[
            user(Base::Home, ".aws/amazonq/cli-agents/*.json", Format::Json, MCP_SERVERS),
            user(Base::Home, ".aws/amazonq/mcp.json", Format::Json, MCP_SERVERS),
            user(Base::Home, ".aws/amazonq/agents/*.json", Format::Json, MCP_SERVERS),
            project(".amazonq/mcp.json", Format::Json, MCP_SERVERS),
            project(".amazonq/cli-agents/*.json", Format::Json, MCP_SERVERS),
        ],
        dialect: USUAL,
    },
    Client {
        id: "antigravity",
        name: "Antigravity",
        places: &[
            user(Base::Home, ".gemini/config/mcp_config.json", Format::Json, MCP_SERVERS),
            user(Base::Home, ".gemini/antigravity/mcp_config.json", Format::Json, MCP_SERVERS),
        ],
        dialect: USUAL,
    },
    Client {
        id: "claude-code",
        name: "Claude Code",
        places: &[
            user(Base::Home, ".claude.json", Format::Json, CLAUDE_CODE),
            project(".mcp.json", Format::Json, MCP_SERVERS),
            place(
                ScopeKind::Plugin,
                Base::Home,
                ".claude/plugins/cache/**/.mcp.json",
                Format::Json,
                PLUGIN,
            ),
            managed(Os::Linux, "etc/claude-code/managed-mcp.json", MCP_SERVERS),
            managed(Os::MacOs, "Library/Application Support/ClaudeCode/managed-mcp.json", MCP_SERVERS),
        ],
        dialect: USUAL,
    },
    Client {
        id: "claude-desktop",
        name: "Claude Desktop",
        places: &[user(
            Base::AppSupport,
            "Claude/claude_desktop_config.json",
            Format::Json,
            MCP_SERVERS,
        )],
        dialect: USUAL,
    },
    Client {
        id: "cline",
        name: "Cline",
        places: &[
            user(
                Base::AppSupport,
                "Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json",
                Format::Json,
                MCP_SERVERS,
            ),
            user(
                Base::AppSupport,
                "Code - Insiders/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json",
                Format::Json,
                MCP_SERVERS,
            ),
            user(
                Base::Home,
                ".cline/data/settings/cline_mcp_settings.json",
                Format::Json,
                MCP_SERVERS,
            ),
        ],
        dialect: USUAL,
    },
    Client {
        id: "codex",
        name: "Codex",
        places: &[
            user(Base::CodexHome, "config.toml", Format::Toml, CODEX),
            project(".codex/config.toml", Format::Toml, CODEX),
        ],
        dialect: USUAL,
    },
    Client {
        id: "continue",
        name: "Continue",
        places: &[
            user(Base::Home, ".continue/config.yaml", Format::Yaml, CONTINUE),
            user(Base::Home, ".continue/mcpServers/*.yaml", Format::Yaml, CONTINUE),
            user(Base::Home, ".continue/mcpServers/*.json", Format::Json, CONTINUE_JSON),
            project(".continue/mcpServers/*.yaml", Format::Yaml, CONTINUE),
            project(".continue/mcpServers/*.yml", Format::Yaml, CONTINUE),
            project(".continue/mcpServers/*.json", Format::Json, CONTINUE_JSON),
        ],
        dialect: USUAL,
    },
    Client {
        id: "copilot-cli",
        name: "Copilot CLI",
        places: &[
            user(Base::Home, ".copilot/mcp-config.json", Format::Json, MCP_SERVERS),
            project(".mcp.json", Format::Json, MCP_SERVERS),
            project(".github/mcp.json", Format::Json, MCP_SERVERS),
        ],
        dialect: USUAL,
    },
    Client {
        id: "cursor",
        name: "Cursor",
        places: &[
            user(Base::Home, ".cursor/mcp.json", Format::Json, MCP_SERVERS),
            project(".cursor/mcp.json", Format::Json, MCP_SERVERS),
        ],
        dialect: USUAL,
    },
    Client {
        id: "gemini-cli",
        name: "Gemini CLI",
        places: &[
            user(Base::Home, ".gemini/settings.json", Format::Jsonc, MCP_SERVERS),
            project(".gemini/settings.json", Format::Jsonc, MCP_SERVERS),
            managed(Os::Linux, "etc/gemini-cli/settings.json", MCP_SERVERS),
            managed(Os::MacOs, "Library/Application Support/GeminiCli/settings.json", MCP_SERVERS),
        ],
        dialect: USUAL,
    },
    Client {
        id: "goose",
        name: "Goose",
        places: &[
            Place {
                os: Some(Os::Linux),
                ..user(Base::DotConfig, "goose/config.yaml", Format::Yaml, EXTENSIONS)
            },
            Place {
                os: Some(Os::MacOs),
                ..user(Base::DotConfig, "goose/config.yaml", Format::Yaml, EXTENSIONS)
            },
            Place {
                os: Some(Os::Windows),
                ..user(Base::AppSupport, "Block/goose/config/config.yaml", Format::Yaml, EXTENSIONS)
            },
            project(".goose/config.yaml", Format::Yaml, EXTENSIONS),
        ],
        dialect: Dialect {
            command: CommandShape::Words {
                command: "cmd",
                args: "args",
            },
            env: "envs",
            stdio_type: Some(("type", "stdio")),
        },
    },
    Client {
        id: "jetbrains-air",
        name: "JetBrains Air",
        places: &[
            project(".air/mcp.json", Format::Json, MCP_SERVERS),
            project(".mcp.json", Format::Json, MCP_SERVERS),
        ],
        dialect: USUAL,
    },
    Client {
        id: "junie",
        name: "JetBrains Junie",
        places: &[
            user(Base::Home, ".junie/mcp/mcp.json", Format::Json, MCP_SERVERS),
            project(".junie/mcp/mcp.json", Format::Json, MCP_SERVERS),
        ],
        dialect: USUAL,
    },
    Client {
        id: "kiro",
        name: "Kiro",
        places: &[
            user(Base::Home, ".kiro/settings/mcp.json", Format::Json, MCP_SERVERS),
            project(".kiro/settings/mcp.json", Format::Json, MCP_SERVERS),
        ],
        dialect: USUAL,
    },
    Client {
        id: "lm-studio",
        name: "LM Studio",
        places: &[
            user(Base::Home, ".lmstudio/mcp.json", Format::Json, MCP_SERVERS),
            user(Base::Home, ".cache/lm-studio/mcp.json", Format::Json, MCP_SERVERS),
        ],
        dialect: USUAL,
    },
    Client {
        id: "opencode",
        name: "opencode",
        places: &[
            user(Base::DotConfig, "opencode/opencode.json", Format::Jsonc, OPENCODE),
            user(Base::DotConfig, "opencode/opencode.jsonc", Format::Jsonc, OPENCODE),
            project("opencode.json", Format::Jsonc, OPENCODE),
            project("opencode.jsonc", Format::Jsonc, OPENCODE),
            project(".opencode/opencode.json", Format::Jsonc, OPENCODE),
            project(".opencode/opencode.jsonc", Format::Jsonc, OPENCODE),
        ],
        dialect: Dialect {
            command: CommandShape::Array("command"),
            env: "environment",
            stdio_type: Some(("type", "local")),
        },
    },
    Client {
        id: "roo-code",
        name: "Roo Code",
        places: &[
            user(
                Base::AppSupport,
                "Code/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json",
                Format::Json,
                MCP_SERVERS,
            ),
            project(".roo/mcp.json", Format::Json, MCP_SERVERS),
        ],
        dialect: USUAL,
    },
    Client {
        id: "vscode",
        name: "VS Code",
        places: &[
            user(Base::AppSupport, "Code/User/mcp.json", Format::Jsonc, SERVERS),
            user(Base::AppSupport, "Code/User/profiles/*/mcp.json", Format::Jsonc, SERVERS),
            user(Base::AppSupport, "Code/User/settings.json", Format::Jsonc, VS_CODE_SETTINGS),
            user(Base::AppSupport, "Code - Insiders/User/mcp.json", Format::Jsonc, SERVERS),
            user(Base::AppSupport, "Code - Insiders/User/profiles/*/mcp.json", Format::Jsonc, SERVERS),
            user(
                Base::AppSupport,
                "Code - Insiders/User/settings.json",
                Format::Jsonc,
                VS_CODE_SETTINGS,
            ),
            user(Base::Home, ".vscode-server/data/User/mcp.json", Format::Jsonc, SERVERS),
            project(".vscode/mcp.json", Format::Jsonc, SERVERS),
            project(".vscode/settings.json", Format::Jsonc, VS_CODE_SETTINGS),
            project(".mcp.json", Format::Json, MCP_SERVERS),
        ],
        dialect: Dialect {
            stdio_type: Some(("type", "stdio")),
            ..USUAL
        },
    },
    Client {
        id: "warp",
        name: "Warp",
        places: &[
            user(Base::Home, ".warp/.mcp.json", Format::Json, MCP_SERVERS),
            project(".warp/.mcp.json", Format::Json, MCP_SERVERS),
        ],
        dialect: USUAL,
    },
    Client {
        id: "windsurf",
        name: "Windsurf",
        places: &[
            user(Base::Home, ".codeium/windsurf/mcp_config.json", Format::Json, MCP_SERVERS),
            user(Base::Home, ".codeium/mcp_config.json", Format::Json, MCP_SERVERS),
        ],
        dialect: USUAL,
    },
    Client {
        id: "zed",
        name: "Zed",
        places: &[
            user(Base::DotConfig, "zed/settings.json", Format::Jsonc, CONTEXT_SERVERS),
            project(".zed/settings.json", Format::Jsonc, CONTEXT_SERVERS),
        ],
        dialect: Dialect {
            stdio_type: Some(("source", "custom")),
            ..USUAL
        },
    },
];
