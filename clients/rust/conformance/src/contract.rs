use std::path::Path;

use prost_reflect::prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::Value;

/// The contract, for reading messages in the JSON mapping of protobuf.
pub struct Contract(DescriptorPool);

impl Contract {
    pub fn read(root: &str) -> Result<Self, super::Failure> {
        let root = Path::new(root);
        let folders = [root.join("proto"), root.join("third_party")];
        let files = protox::compile(["hangup/v1/control.proto"], folders)?;
        Ok(Self(DescriptorPool::from_file_descriptor_set(files)?))
    }

    /// A message of `hangup.v1`.
    pub fn message<M: Message + Default>(&self, name: &str, json: &Value) -> Result<M, super::Failure> {
        let descriptor = self.0.get_message_by_name(&format!("hangup.v1.{name}")).ok_or("no such message")?;
        Ok(DynamicMessage::deserialize(descriptor, json)?.transcode_to()?)
    }
}
