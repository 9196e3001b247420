use crate::identity::ClientId;
#[derive(Debug)]
pub struct Twins;
#[derive(Debug)]
pub struct TwinError;
impl std::fmt::Display for TwinError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("x")
    }
}
impl TwinError {
    pub fn status(&self) -> u16 {
        500
    }
    pub fn body(&self) -> Vec<u8> {
        Vec::new()
    }
}
impl Twins {
    pub fn new(
        _: crate::store::Store,
        _: std::sync::Arc<crate::clients::Clients>,
        _: crate::ingest::Ingest,
        _: crate::clock::Clock,
        _: ClientId,
    ) -> Self {
        Self
    }
    pub async fn get(&self, _: &ClientId) -> Result<Vec<u8>, TwinError> {
        Err(TwinError)
    }
    pub async fn report(&self, _: &ClientId, _: &[u8]) -> Result<u64, TwinError> {
        Err(TwinError)
    }
    pub async fn set_desired_of_manifest(
        &self,
        _: &ClientId,
        _: serde_json::Map<String, serde_json::Value>,
    ) -> Result<(), TwinError> {
        Err(TwinError)
    }
}
