// Protobuf messages as Go's encoding/json prints etcd's structs.
#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace keelson::ctl {

// Fields in their declared order under their proto names, empty ones left out, 64-bit numbers
// plain, bytes in base64, enums as numbers. A txn's responses are wrapped in `{"Response":...}`.
std::string message_json(const google::protobuf::Message& message);

}  // namespace keelson::ctl
