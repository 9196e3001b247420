//! `Serialize` for deliveries and what they contain (the feature `serde`). Problems and statistics derive it where they are
//! defined.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::{CompileError, Delivery, EndpointId, RouteId};

/// As its number.
impl Serialize for RouteId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

/// As its number.
impl Serialize for EndpointId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

/// As the list of its problems.
impl Serialize for CompileError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.problems().serialize(serializer)
    }
}

/// With everything that its getters return.
impl Serialize for Delivery<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Delivery", 8)?;
        fields.serialize_field("route", self.route())?;
        fields.serialize_field("routeId", &self.route_id())?;
        fields.serialize_field("endpoint", self.endpoint())?;
        fields.serialize_field("endpointId", &self.endpoint_id())?;
        fields.serialize_field("inputName", &self.input_name())?;
        fields.serialize_field("priority", &self.priority())?;
        fields.serialize_field("timeToLiveSecs", &self.time_to_live())?;
        fields.serialize_field("retentionSecs", &self.retention())?;
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use edgeroute_lang::message::{Message, Origin};

    use crate::RouteTable;

    #[test]
    fn a_delivery_has_everything_that_its_getters_return() {
        let table = RouteTable::builder()
            .route("log", "FROM /messages/* INTO BrokeredEndpoint('/modules/log/inputs/in')")
            .build()
            .unwrap();
        assert_eq!(
            serde_json::to_string(&table.route(&Message::new(Origin::device("d")))).unwrap(),
            concat!(
                r#"[{"route":"log","routeId":0,"endpoint":"/modules/log/inputs/in","endpointId":0,"inputName":"in","#,
                r#""priority":2000000000,"timeToLiveSecs":0,"retentionSecs":"forever"}]"#
            )
        );
        let stats = serde_json::to_value(table.stats()).unwrap();
        assert_eq!((&stats["routes"], &stats["overBudget"]), (&1.into(), &0.into()));
        let error = RouteTable::builder().route("bad", "FROM").build().unwrap_err();
        let shown = serde_json::to_string(&error).unwrap();
        assert!(shown.starts_with(r#"[{"route":"bad","index":0,"text":"FROM","diagnostic":{"code":"E01"#), "{shown}");
    }
}
