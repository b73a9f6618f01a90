#include "ctl/printers/message_json.h"

#include "ctl/json_text.h"

namespace keelson::ctl {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string text_json(const FieldDescriptor& field, const std::string& value) {
  return field.type() == FieldDescriptor::TYPE_BYTES ? json_bytes(value) : json_string(value);
}

// Go's omitempty: zero numbers, false, empty strings and missing messages do not appear.
bool is_empty(const Message& message, const FieldDescriptor* field) {
  const Reflection* reflection = message.GetReflection();
  if (field->is_repeated()) return reflection->FieldSize(message, field) == 0;
  return !reflection->HasField(message, field);
}

std::string scalar_json(const Message& message, const FieldDescriptor* field) {
  const Reflection* reflection = message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return std::to_string(reflection->GetInt32(message, field));
    case FieldDescriptor::CPPTYPE_INT64:
      return std::to_string(reflection->GetInt64(message, field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return std::to_string(reflection->GetUInt32(message, field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return std::to_string(reflection->GetUInt64(message, field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetBool(message, field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return std::to_string(reflection->GetEnumValue(message, field));
    case FieldDescriptor::CPPTYPE_STRING:
      return text_json(*field, reflection->GetString(message, field));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return message_json(reflection->GetMessage(message, field));
    default:
      return "null";  // etcd's messages have no floating point numbers
  }
}

std::string repeated_json(const Message& message, const FieldDescriptor* field) {
  const Reflection* reflection = message.GetReflection();
  std::vector<std::string> members;
  for (int i = 0; i < reflection->FieldSize(message, field); i++) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      members.push_back(message_json(reflection->GetRepeatedMessage(message, field, i)));
    } else {
      members.push_back(text_json(*field, reflection->GetRepeatedString(message, field, i)));
    }
  }
  return json_array(members);
}

}  // namespace

std::string message_json(const Message& message) {
  JsonObject object;
  for (int i = 0; i < message.GetDescriptor()->field_count(); i++) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    if (is_empty(message, field)) continue;
    object.add(field->name(),
               field->is_repeated() ? repeated_json(message, field) : scalar_json(message, field));
  }
  bool wrapped = message.GetDescriptor()->name() == "ResponseOp";
  return wrapped ? JsonObject().add("Response", object.text()).text() : object.text();
}

}  // namespace keelson::ctl
