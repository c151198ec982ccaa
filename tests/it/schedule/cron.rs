//! The real `crontab` and the real cron daemon.

use serde_json::Value;

use super::{between, inside, turned};
use crate::scripted::machine;

const STEPS: &str = r#"
step() { step=$1; shift; echo "<<$step"; "$@" 2>&1; echo "ended $?"; echo "$step>>"; }
json() { echo "<<$1"; $PIN --format json schedule status; echo "$1>>"; }
bus=${DBUS_SESSION_BUS_ADDRESS#unix:path=}
ln -s "${bus%%,*}" "$XDG_RUNTIME_DIR/bus"
unset DBUS_SESSION_BUS_ADDRESS
printf '# mine: 100%% \351\n\n0 5 * * 1 /bin/true # weekly\n\n' >base
crontab base
step enable $PIN --global schedule enable --every 6h
step again $PIN --global schedule enable
crontab -l >enabled
step idle $PIN schedule status
cron -f >cron.log 2>&1 &
sleep 0.5
step enabled $PIN schedule status
json before
# The command, as cron starts it: once by hand, with what cron hands down.
line=$(grep -- --scheduled enabled)
step fields echo "$line"
# Due each minute: what the user edited is left alone, and told. cron knows a table by the second in
# which it was written, so one that is written twice in a second stays the first for it.
sleep 1.1
sed 's/^[0-9][0-9]* [0-9,]* \* \* \* cd/* * * * * cd/' enabled >minute
crontab minute
step edited $PIN schedule status
step refused $PIN --global schedule disable
tries=0
until $PIN --format json schedule status | grep -q exitStatus || [ $tries -ge 130 ]; do tries=$((tries + 1)); sleep 1; done
json after
crontab enabled
step disable $PIN --global schedule disable
crontab -l >rest
step same cmp base rest
crontab -r
step none $PIN --global schedule enable
step gone $PIN --global schedule disable
step empty crontab -l
"#;

/// Takes up to a minute: cron looks at its tables once a minute.
#[test]
fn cron_runs_the_check_and_its_notification_arrives_from_a_bare_environment() {
    let mut machine = machine();
    let run = machine.home().join("session");
    std::fs::create_dir(&run).unwrap();
    machine.set("XDG_RUNTIME_DIR", run);
    let _server = turned(&machine);
    let Some((shown, talk)) = inside(&machine, "cron.sh", &["crontab", "cron"], STEPS) else {
        return;
    };
    let said = |step: &str| between(&talk, step);
    let json = |step: &str| -> Value { serde_json::from_str(said(step)).unwrap() };
    assert!(
        said("enable").contains("ended 0") && said("enable").contains("by your crontab from now on"),
        "{talk}"
    );
    assert!(said("enable").contains("no cron daemon"), "{talk}");
    assert!(said("again").contains("nothing was written"), "{talk}");
    assert!(
        said("idle").contains("no cron daemon") && said("idle").contains("ended 1"),
        "{talk}"
    );
    assert!(
        said("enabled").contains("ended 0") && said("enabled").contains("last run  never"),
        "{talk}"
    );
    assert_eq!(json("before")["schedules"][0]["backend"], "cron", "{talk}");
    assert!(
        said("edited").contains("they were edited") && said("edited").contains("ended 1"),
        "{talk}"
    );
    assert!(
        said("refused").contains("not as mcp-pin wrote it") && said("refused").contains("ended 2"),
        "{talk}"
    );
    let last = &json("after")["schedules"][0]["last"];
    assert_eq!(last["exitStatus"], 1, "{last}\n{talk}");
    assert!(last["summary"].as_str().unwrap().contains("1 critical"), "{last}");
    assert!(last["untold"].is_null(), "{last}");
    assert_eq!(shown.len(), 1, "{shown:#?}\n{talk}");
    assert_eq!(shown[0].0, "MCP server calc changed");
    assert!(said("disable").contains("out of your crontab"), "{talk}");
    assert!(said("same").contains("ended 0"), "every other byte stayed: {talk}");
    assert!(
        said("gone").contains("ended 0") && said("empty").contains("no crontab for"),
        "{talk}"
    );
}
