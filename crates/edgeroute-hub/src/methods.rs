use crate::identity::ClientId;
#[derive(Debug)]
pub struct Methods;
impl Methods {
    pub fn new(_: std::sync::Arc<crate::clients::Clients>, _: usize) -> Self {
        Self
    }
    pub fn answer(&self, _: &ClientId, _: &str, _: i32, _: &[u8]) {}
}
