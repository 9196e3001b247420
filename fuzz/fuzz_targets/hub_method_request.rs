//! Checks that any bytes can be read as the request of a direct method without a panic, and that what is accepted is
//! within the limits.
#![no_main]

use std::time::Duration;

use edgeroute_hub::methods::{Call, LARGEST_PAYLOAD};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    match Call::from_json(bytes) {
        Ok(call) => {
            assert!((1..=100).contains(&call.name().len()) && call.name().is_ascii());
            assert!(call.payload().len() <= LARGEST_PAYLOAD);
            assert!((Duration::from_secs(5)..=Duration::from_secs(300)).contains(&call.response_time()));
            assert!(call.connect_time() <= Duration::from_secs(300));
            // Values nest deeper in a payload than `Value` can be read.
            if let Ok(request) = serde_json::from_slice::<Value>(bytes) {
                let payload: Value = serde_json::from_str(call.payload()).expect("it is JSON");
                assert_eq!(request.get("payload").unwrap_or(&Value::Null), &payload);
                assert_eq!(request.get("methodName").and_then(Value::as_str), Some(call.name()));
            }
        }
        Err(error) => assert_eq!(error.status(), 400),
    }
});
