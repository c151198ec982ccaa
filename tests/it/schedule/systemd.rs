//! A timer of a real systemd user instance.

use serde_json::Value;

use super::{between, inside, turned};
use crate::scripted::machine;

const STEPS: &str = r##"
units="$HOME/.config/systemd/user"
step() { step=$1; shift; echo "<<$step"; "$@" 2>&1; echo "ended $?"; echo "$step>>"; }
json() { echo "<<$1"; $PIN --format json schedule status; echo "$1>>"; }
step enable $PIN --global schedule enable --every 6h
step again $PIN --global schedule enable --every 6h
step verify systemd-analyze --user --man=no verify $units/mcp-pin-*.timer
json before
name=$(basename $units/mcp-pin-*.timer .timer)
step run systemctl --user start $name.service
json after
step show systemctl --user show $name.service -p Result,ExecMainStatus,Nice
mkdir $units/$name.service.d
printf '[Service]\nExecStart=\nExecStart=/bin/true\n' >$units/$name.service.d/x.conf
systemctl --user daemon-reload
step dropin $PIN schedule status
rm -r $units/$name.service.d
step hourly $PIN --global schedule enable --every 1h --check-updates
cp $units/$name.timer kept
echo "# mine" >>$units/$name.timer
step edited $PIN schedule status
step refused $PIN --global schedule disable
cp kept $units/$name.timer
systemctl --user stop $name.timer
step stopped $PIN schedule status
step disable $PIN --global schedule disable
step twice $PIN --global schedule disable
step left find $HOME/.config/systemd -type f -o -type l
step timers systemctl --user list-timers --all --no-legend
"##;

#[test]
fn a_timer_runs_the_check_and_its_notification_arrives() {
    let machine = machine();
    let _server = turned(&machine);
    let Some((shown, talk)) = inside(&machine, "user-manager.sh", &["systemctl", "systemd-analyze"], STEPS) else {
        return;
    };
    let said = |step: &str| between(&talk, step);
    let json = |step: &str| -> Value { serde_json::from_str(said(step)).unwrap() };
    assert!(
        said("enable").contains("ended 0") && said("enable").contains("OnCalendar=*-*-* 00/6:00:00"),
        "{talk}"
    );
    assert!(
        said("again").contains("nothing was written") && said("again").contains("ended 0"),
        "{talk}"
    );
    assert!(said("verify").contains("ended 0") && !said("verify").contains("mcp-pin-"), "{talk}");
    let before = &json("before")["schedules"][0];
    assert_eq!(
        (before["backend"].as_str(), before["every"].as_str()),
        (Some("systemd"), Some("6h")),
        "{talk}"
    );
    assert!(before["next"].is_string() && before["last"].is_null(), "{before}");
    assert_eq!(json("before")["status"], "clean", "{talk}");
    // Findings are no failure of the unit.
    assert!(said("run").contains("ended 0"), "{talk}");
    assert!(
        said("show").contains("Result=success") && said("show").contains("ExecMainStatus=1"),
        "{talk}"
    );
    let last = &json("after")["schedules"][0]["last"];
    assert_eq!(last["exitStatus"], 1, "{last}\n{talk}");
    assert!(
        last["summary"].as_str().unwrap().contains("1 critical"),
        "the sandboxed probe ran in the unit: {last}"
    );
    assert!(last["untold"].is_null(), "{last}");
    assert_eq!(shown.len(), 1, "{shown:#?}\n{talk}");
    assert_eq!(shown[0].0, "MCP server calc changed");
    for (step, text) in [
        ("dropin", "x.conf, which changes it"),
        ("edited", "was edited"),
        ("stopped", "its timer is not running"),
    ] {
        assert!(said(step).contains(text) && said(step).contains("ended 1"), "{step}: {talk}");
    }
    assert!(
        said("hourly").contains("every 1h") && said("hourly").contains("--check-updates"),
        "{talk}"
    );
    assert!(
        said("refused").contains("not as mcp-pin wrote it") && said("refused").contains("ended 2"),
        "{talk}"
    );
    assert!(
        said("disable").contains("ended 0") && said("disable").matches("removed ").count() == 2,
        "{talk}"
    );
    assert!(
        said("twice").contains("nothing was removed") && said("twice").contains("ended 0"),
        "{talk}"
    );
    assert!(!said("left").contains("mcp-pin") && !said("timers").contains("mcp-pin"), "{talk}");
}
