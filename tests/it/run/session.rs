//! A session in which nothing is wrong, and what is not started at all.

use serde_json::json;

use super::{Client, installed};
use crate::scripted::{honest, tool};

#[test]
fn a_clean_session_is_what_it_would_be_without_us() {
    let (machine, _) = installed(&honest());
    let mut client = Client::start(&machine, &["calc"]);
    let hello = client.initialize(&json!({}));
    assert_eq!(hello["result"]["serverInfo"]["name"], "scripted");
    let list = client.ask("tools/list", &json!({}));
    assert_eq!(
        list,
        json!({"jsonrpc": "2.0", "id": 2, "result": {"tools": [tool("add", "Adds two numbers.")]}})
    );
    let ended = client.end();
    assert_eq!((ended.status, ended.rest.len()), (0, 0), "{}", ended.stderr);
    assert_eq!(ended.stderr, "");
}

#[test]
fn what_nobody_approved_is_not_started_and_the_client_hears_why() {
    let (machine, server) = installed(&honest());
    std::fs::write(server.start(), "console.log('other code')").unwrap();
    let mut client = Client::start(&machine, &["calc"]);
    client.raw(b"{\"jsonrpc\":\"2.0\",\"id\":\"x-1\",\"method\":\"initialize\"}\n");
    assert_eq!(
        String::from_utf8(client.frame()).unwrap(),
        "{\"jsonrpc\":\"2.0\",\"id\":\"x-1\",\"error\":{\"code\":-32090,\"message\":\"mcp-pin did not start `calc`: a file of it is not the one that was approved; run `mcp-pin verify --global calc`\"}}\n"
    );
    let ended = client.end();
    assert_eq!(ended.status, 1);
    assert!(
        ended
            .stderr
            .contains("error: could not start `calc`: a file of it is not the one that was approved\n"),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("hint: run `mcp-pin verify --global calc`\n"),
        "{}",
        ended.stderr
    );
}
