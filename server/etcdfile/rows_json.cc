// The rows that etcd stores as JSON: written by hand in Go's own spelling, because Maintenance.Hash
// compares the texts; read with a library.
#include <nlohmann/json.hpp>

#include "etcdfile/rows.h"

namespace keelson::etcdfile {
namespace {

using Json = nlohmann::json;

Json parse(std::string_view text) { return Json::parse(text, nullptr, /*allow_exceptions=*/false); }

// Go escapes <, > and & (and two line separators) on top of what JSON demands.
std::string json_text(std::string_view text) {
  const std::string plain = Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string out;
  for (size_t i = 0; i < plain.size(); ++i) {
    const char c = plain[i];
    if (c == '<' || c == '>' || c == '&') {
      out += c == '<' ? "\\u003c" : c == '>' ? "\\u003e" : "\\u0026";
    } else if (plain.compare(i, 2, "\xe2\x80") == 0 && i + 2 < plain.size() &&
               (plain[i + 2] == '\xa8' || plain[i + 2] == '\xa9')) {
      out += plain[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += c;
    }
  }
  return out;
}

std::string list(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "[" : ",") + json_text(item);
  return out.empty() ? "null" : out + "]";
}

std::string list(const std::vector<MemberId>& items) {
  std::string out;
  for (const MemberId id : items) out += (out.empty() ? "[" : ",") + std::to_string(id.value);
  return out + "]";
}

// Absent and null leave `out` empty; anything but the wanted type is an error, as in Go.
const Json* member_of(const Json& object, const char* name) {
  const auto it = object.find(name);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

bool take(const Json& object, const char* name, std::string& out) {
  const Json* value = member_of(object, name);
  if (value != nullptr && value->is_string()) out = value->get<std::string>();
  return value == nullptr || value->is_string();
}

bool take(const Json& object, const char* name, bool& out) {
  const Json* value = member_of(object, name);
  if (value != nullptr && value->is_boolean()) out = value->get<bool>();
  return value == nullptr || value->is_boolean();
}

bool take(const Json& object, const char* name, std::vector<std::string>& out) {
  const Json* value = member_of(object, name);
  if (value == nullptr) return true;
  if (!value->is_array()) return false;
  for (const Json& item : *value) {
    if (!item.is_string()) return false;
    out.push_back(item.get<std::string>());
  }
  return true;
}

bool take(const Json& object, const char* name, std::vector<MemberId>& out) {
  const Json* value = member_of(object, name);
  if (value == nullptr) return true;
  if (!value->is_array()) return false;
  for (const Json& item : *value) {
    if (!item.is_number_unsigned()) return false;
    out.emplace_back(item.get<uint64_t>());
  }
  return true;
}

}  // namespace

std::string member_json(const MemberRecord& member) {
  std::string out = "{\"id\":" + std::to_string(member.id.value);
  out += ",\"peerURLs\":" + list(member.peer_urls);
  if (member.learner) out += ",\"isLearner\":true";
  if (!member.name.empty()) out += ",\"name\":" + json_text(member.name);
  if (!member.client_urls.empty()) out += ",\"clientURLs\":" + list(member.client_urls);
  return out + "}";
}

bool parse_member(std::string_view text, MemberRecord& out) {
  out = {};
  const Json json = parse(text);
  if (!json.is_object()) return false;
  const Json* id = member_of(json, "id");
  if (id == nullptr || !id->is_number_unsigned()) return false;
  out.id = MemberId(id->get<uint64_t>());
  return take(json, "name", out.name) && take(json, "peerURLs", out.peer_urls) &&
         take(json, "clientURLs", out.client_urls) && take(json, "isLearner", out.learner);
}

std::string conf_state_json(const ConfStateRecord& state) {
  std::string out = "{";
  const auto add = [&out](const char* name, const std::vector<MemberId>& ids) {
    if (!ids.empty()) out += "\"" + std::string(name) + "\":" + list(ids) + ",";
  };
  add("voters", state.voters);
  add("learners", state.learners);
  add("voters_outgoing", state.voters_outgoing);
  add("learners_next", state.learners_next);
  return out + "\"auto_leave\":" + (state.auto_leave ? "true}" : "false}");
}

bool parse_conf_state(std::string_view text, ConfStateRecord& out) {
  out = {};
  const Json json = parse(text);
  return json.is_object() && take(json, "voters", out.voters) &&
         take(json, "learners", out.learners) &&
         take(json, "voters_outgoing", out.voters_outgoing) &&
         take(json, "learners_next", out.learners_next) && take(json, "auto_leave", out.auto_leave);
}

std::string downgrade_json(const DowngradeRecord& downgrade) {
  return "{\"target-version\":" + json_text(downgrade.target) +
         ",\"enabled\":" + (downgrade.enabled ? "true}" : "false}");
}

bool parse_downgrade(std::string_view text, DowngradeRecord& out) {
  out = {};
  const Json json = parse(text);
  return json.is_object() && take(json, "target-version", out.target) &&
         take(json, "enabled", out.enabled);
}

}  // namespace keelson::etcdfile
