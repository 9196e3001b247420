//! Addresses of endpoints in the wrong form.

/// Returns the address `/modules/NAME/inputs/INPUT` that a text probably means. Slashes may be backslashes, doubled or
/// missing; `modules`, `inputs` and segments of other addresses may be missing or superfluous.
pub fn meant_address(text: &str) -> Option<String> {
    if text.len() > 300 || text.contains(|c: char| c.is_whitespace() || "\"'(),;<>{}".contains(c)) {
        return None;
    }
    let segments: Vec<&str> = text.split(['/', '\\']).filter(|segment| !segment.is_empty()).collect();
    let is = |segment: &str, words: &[&str]| words.iter().any(|word| segment.eq_ignore_ascii_case(word));
    let (module, input) = match segments.as_slice() {
        [messages, modules, module, inputs, input]
            if is(messages, &["messages"]) && is(modules, &["modules"]) && is(inputs, &["inputs"]) =>
        {
            (module, input)
        }
        [devices, _, modules, module, inputs, input]
            if is(devices, &["devices"]) && is(modules, &["modules"]) && is(inputs, &["inputs"]) =>
        {
            (module, input)
        }
        [modules, module, inputs, input] if is(modules, &["modules", "module"]) && is(inputs, &["inputs", "input"]) => {
            (module, input)
        }
        [modules, module, input] if is(modules, &["modules", "module"]) && !is(input, &["inputs", "input"]) => {
            (module, input)
        }
        [module, inputs, input] if is(inputs, &["inputs", "input"]) && !is(module, &["modules"]) => (module, input),
        [module, input] if !is(module, &["modules", "messages"]) && !is(input, &["inputs", "outputs"]) => {
            (module, input)
        }
        _ => return None,
    };
    Some(format!("/modules/{module}/inputs/{input}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_wrong_shape_are_fixed() {
        for text in [
            "/modules/m/inputs/i",
            "modules\\m\\inputs\\i",
            "//modules//m/inputs/i/",
            "/messages/modules/m/inputs/i",
            "/devices/d/modules/m/inputs/i",
            "/modules/m/i",
            "m/inputs/i",
            "m/i",
            "/module/m/input/i",
        ] {
            assert_eq!(meant_address(text).as_deref(), Some("/modules/m/inputs/i"), "{text}");
        }
        for text in ["", "m", "/modules/m", "/modules/m/inputs", "/modules/m/inputs/", "/a/b/c/d/e", "/a b/c", "a/b/c"]
        {
            assert_eq!(meant_address(text), None, "{text}");
        }
    }

    #[test]
    fn a_word_that_is_another_is_not_guessed_at() {
        for text in [
            "/x/modules/m/inputs/i",
            "/messages/x/m/inputs/i",
            "/messages/modules/m/x/i",
            "/x/y/m/inputs/i",
            "/x/d/modules/m/inputs/i",
            "/devices/d/x/m/inputs/i",
            "/devices/d/modules/m/x/i",
            "/x/d/y/m/inputs/i",
            "/x/m/inputs/i",
            "/modules/m/x/i",
        ] {
            assert_eq!(meant_address(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_are_looked_into_up_to_a_length() {
        let of_length = |length: usize| format!("m/{}", "i".repeat(length - 2));
        assert!(meant_address(&of_length(300)).is_some());
        assert_eq!(meant_address(&of_length(301)), None);
    }
}
