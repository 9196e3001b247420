//! *typical*: the twelve routes of a realistic device.
//!
//! Each has an endpoint of its own, so that every engine must decide every route.

use super::condition::{Condition, Key, Test};
use super::message::WorkMessage;
use super::random::Random;
use super::route::{Endpoint, Source, WorkRoute};

fn output(module: &str, output: &str) -> Source {
    Source::Output { module: module.to_owned(), output: output.to_owned() }
}

fn module(module: &str) -> Source {
    Source::Module(module.to_owned())
}

pub fn routes() -> Vec<WorkRoute> {
    use Condition::{All, Any};
    let equals = |key, text| Condition::equals(key, text);
    let differs = |key, text| Condition::differs(key, text);
    let routes = [
        (output("camera", "alerts"), Some(equals("level", "critical"))),
        (Source::Any, Some(All(vec![equals("level", "critical"), equals("site", "plant1")]))),
        (output("sensor", "telemetry"), Some(Condition::test("temp", Test::Above(80)))),
        (module("sensor"), Some(All(vec![Condition::test("temp", Test::Above(60)), equals("site", "plant1")]))),
        (output("sensor", "telemetry"), None),
        (Source::Any, Some(equals("msgType", "heartbeat"))),
        (Source::Any, Some(Condition::test("topic", Test::StartsWith("factory/line1/".to_owned())))),
        (Source::Any, Some(All(vec![differs("level", "debug"), equals("msgType", "log")]))),
        (module("opc"), Some(Any(vec![equals("devType", "gateway"), equals("site", "plant2")]))),
        (Source::Any, Some(All(vec![Condition::test("battery", Test::Below(20)), equals("devType", "edge")]))),
        (
            Source::Any,
            Some(All(vec![
                Condition::Test(Key::system("contentType"), Test::Equals("application/json".to_owned())),
                equals("msgType", "telemetry"),
                Any(vec![equals("site", "plant1"), equals("site", "plant3")]),
            ])),
        ),
        (
            Source::Any,
            Some(All(vec![
                Any(vec![equals("level", "critical"), equals("level", "error")]),
                differs("msgType", "log"),
            ])),
        ),
    ];
    let place = |index: usize| match index {
        0 => Endpoint::Upstream,
        _ => Endpoint::Input { module: format!("handler{}", index / 2), input: format!("input{}", index % 2) },
    };
    routes
        .into_iter()
        .enumerate()
        .map(|(index, (source, condition))| WorkRoute {
            name: format!("route{index}"),
            source,
            condition,
            endpoint: place(index),
            priority: None,
        })
        .collect()
}

/// Generates a message with six application properties and four system properties, all from small sets.
pub fn message(random: &mut Random) -> WorkMessage {
    let module = (*random.pick(&["camera", "sensor", "opc", "gateway"])).to_owned();
    let output = (*random.pick(&["alerts", "telemetry", "logs"])).to_owned();
    let mut message = WorkMessage::new(module, output, random);
    message.push("level", *random.pick(&["debug", "info", "warning", "error", "critical"]));
    message.push("site", *random.pick(&["plant1", "plant2", "plant3", "plant4"]));
    message.push("msgType", *random.pick(&["telemetry", "heartbeat", "log", "event"]));
    message.push("devType", *random.pick(&["edge", "gateway", "sensor", "plc"]));
    if random.chance(50) {
        message.push("temp", random.below(120).to_string());
    } else {
        message.push("battery", random.below(100).to_string());
    }
    message.push("topic", format!("factory/line{}/cell{}", random.between(1, 5), random.between(1, 9)));
    message
}
