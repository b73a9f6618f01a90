// The pieces of JSON text, as Go's encoding/json writes them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keelson::ctl {

// A string with its quotes; <, >, & and the two line separators escaped, bad UTF-8 replaced.
std::string json_string(std::string_view text);

// Bytes: standard base64 with padding, in quotes.
std::string json_bytes(std::string_view bytes);

// Collects the members of one object in order.
class JsonObject {
 public:
  // `value` is JSON text.
  JsonObject& add(std::string_view name, std::string_view value);
  std::string text() const { return "{" + body_ + "}"; }

 private:
  std::string body_;
};

// An array of JSON texts.
std::string json_array(const std::vector<std::string>& members);

}  // namespace keelson::ctl
