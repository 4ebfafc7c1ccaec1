//! The runtime under everything at once, for as long as wished: `tests/soak/mixed.mgo` checks its own results and that its memory stays flat.
//!
//! ```sh
//! cargo test --test soak                                                            # some seconds
//! MINIGO_MINUTES=60 cargo test --release --test soak -- --ignored --nocapture       # an hour
//! ```

#[path = "harness/process.rs"]
mod process;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

fn survives(time: Duration) {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/soak/mixed.mgo");
    let mut command = Command::new(env!("CARGO_BIN_EXE_minigo"));
    command
        .arg("run")
        .arg(program)
        .arg(time.as_secs().to_string());
    let run = process::run(&mut command, time + Duration::from_secs(300)).expect("minigo starts");
    println!("{}", run.stdout);
    assert!(
        run.exit == Ok(0) && run.stderr.is_empty(),
        "exit {:?}\n{}{}",
        run.exit,
        run.stdout,
        run.stderr
    );
}

#[test]
fn everything_at_once_for_a_moment() {
    survives(Duration::from_secs(5));
}

#[test]
#[ignore = "runs for MINIGO_MINUTES"]
fn long() {
    let minutes = std::env::var("MINIGO_MINUTES").ok();
    let minutes = minutes.and_then(|text| text.parse().ok()).unwrap_or(60);
    survives(Duration::from_secs(60 * minutes));
}
