//! Remote entries: they become local ones that start `mcp-pin run`, and no secret leaves its file.

use super::*;
use crate::remote::server::{Manners, Server};

#[test]
fn a_header_becomes_a_variable_of_the_same_entry() {
    let server = Server::start(Manners {
        description: "Looks at a thing.".into(),
        ..Manners::default()
    });
    let url = server.url();
    let machine = machine();
    let header = ["--header", "Authorization: Bearer ${FAR_TOKEN}"];
    let words = [&["install", "--global", "--yes", "--name", "far", &url][..], &header].concat();
    machine.run(&words).exits(0);
    let desk = Desk {
        server: PathBuf::new(),
        script: PathBuf::new(),
        machine,
    };
    let code = format!(
        "{{\n  \"servers\": {{\n    \"far\": {{\n      \"type\": \"http\", // far away\n      \"url\": \"{url}\",\n      \"headers\": {{\n        \"Authorization\": \"Bearer hunter2hunter2\" // mine\n      }}\n    }}\n  }}\n}}\n"
    );
    let code = desk.file(".config/Code/User/mcp.json", &code);
    let codex = desk.file(
        ".codex/config.toml",
        &format!("[mcp_servers.far]\nurl = \"{url}\"\nhttp_headers = {{ Authorization = \"Bearer hunter2hunter2\" }}\n"),
    );
    let bare = desk.file(
        ".cursor/mcp.json",
        &format!("{{\"mcpServers\": {{\"far\": {{\"url\": \"{url}\"}}}}}}"),
    );
    let before = desk.files();
    // The entry without the variable is left, which is no success of the whole.
    desk.run(&["wrap", "--all", "--yes"])
        .exits(2)
        .says("`FAR_TOKEN`, which the entry does not set")
        .never_says("hunter2");
    assert!(!text(&bare).contains("mcp-pin"));
    // Without the header it is not what is pinned, whatever its address.
    let list = desk.run(&["import", "--format", "json"]).exits(0).json();
    let status = |client: &str| {
        let all = list["servers"].as_array().unwrap();
        all.iter().find(|one| one["clients"][0] == client).unwrap()["status"].clone()
    };
    assert_eq!(
        (status("cursor"), status("codex")),
        (json!("conflict"), json!("wrapped")),
        "{list:#}"
    );
    let program = env!("CARGO_BIN_EXE_mcp-pin");
    assert_eq!(
        text(&codex),
        format!("[mcp_servers.far]\ncommand = \"{program}\"\nargs = [\"run\", \"far\"]\nenv = {{ \"FAR_TOKEN\" = \"hunter2hunter2\" }}\n")
    );
    let now = text(&code);
    assert!(now.contains("\"type\": \"stdio\", // far away") && !now.contains("url"), "{now}");
    let state = String::from_utf8_lossy(&desk.state()).into_owned();
    assert!(!state.contains("hunter2"), "a secret left the client's file");
    let start = now.find("\"command\"").unwrap();
    assert!(now[start..].contains("\"env\": { \"FAR_TOKEN\": \"hunter2hunter2\" }"), "{now}");

    let answer = desk.hello(&[program, "run", "far"].map(str::to_owned), &[("FAR_TOKEN", "hunter2hunter2")]);
    assert!(answer["result"]["capabilities"].is_object(), "{answer}");
    desk.run(&["unwrap", "--all", "--yes"]).exits(0).never_says("hunter2");
    assert_eq!(desk.files(), before);
}
