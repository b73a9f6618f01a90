// The configuration file: YAML (JSON is a part of it), read with the types that etcd's Go
// structures have, so that a file that etcd refuses is refused here with the same words.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/duration.h"
#include "config/stages.h"
#include "config/url.h"
#include "config/values.h"

namespace keelson::config {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return text;
}

enum class Kind { kNull, kBool, kInteger, kFloat, kString, kArray, kObject };

bool looks_like_float(const std::string& text) {
  double ignored = 0;
  return text.find_first_of("0123456789") != std::string::npos &&
         YAML::convert<double>::decode(YAML::Node(text), ignored);
}

// What the YAML of Go makes of a value that has no quotes.
Kind plain_kind(const std::string& text) {
  if (text.empty() || text == "~" || lower(text) == "null") return Kind::kNull;
  for (const char* word : {"true", "false", "yes", "no", "on", "off"})
    if (lower(text) == word) return Kind::kBool;
  if (const auto integer = parse_int(text); integer.ok()) return Kind::kInteger;
  if (const auto integer = parse_uint(text); integer.ok()) return Kind::kInteger;
  return looks_like_float(text) ? Kind::kFloat : Kind::kString;
}

Kind kind_of(const YAML::Node& node) {
  if (node.IsNull()) return Kind::kNull;
  if (node.IsSequence()) return Kind::kArray;
  if (node.IsMap()) return Kind::kObject;
  return node.Tag() == "?" || node.Tag().empty() ? plain_kind(node.Scalar()) : Kind::kString;
}

std::string kind_name(const YAML::Node& node, bool with_number) {
  switch (kind_of(node)) {
    case Kind::kBool:
      return "bool";
    case Kind::kInteger:
    case Kind::kFloat:
      return with_number ? "number " + node.Scalar() : "number";
    case Kind::kArray:
      return "array";
    case Kind::kObject:
      return "object";
    default:
      return "string";
  }
}

// How Go names the structure that a key belongs to.
std::string owner_of(const std::string& key, std::string_view owner) {
  if (key.starts_with("socket-options.")) return "SocketOpts.Config";
  if (key.starts_with("discovery-config.")) return "DiscoveryConfig.Config";
  if (key.find("-transport-security.") != std::string::npos) return "securityConfig.configJSON";
  return "configYAML." + std::string(owner);
}

Status mismatch(const Flag& flag, const YAML::Node& node, std::string_view type,
                std::string_view owner = "Config") {
  const bool with_number = type != "string" && type != "bool";
  const std::string key(flag.file_key.empty() ? flag.name : flag.file_key);
  return Status(Code::kInvalidArgument,
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal " +
                    kind_name(node, with_number) + " into Go struct field " + owner_of(key, owner) +
                    "." + key + " of type " + std::string(type));
}

// From a node to the place a row names.
struct NodeInto {
  Settings& settings;
  const Flag& flag;
  const YAML::Node& node;

  Status operator()(TextSetter set) const {
    if (kind_of(node) != Kind::kString) return mismatch(flag, node, "string", "configJSON");
    return set(settings, node.Scalar());
  }
  Status operator()(BoolSetter set) const {
    if (kind_of(node) != Kind::kBool) return mismatch(flag, node, "bool");
    set(settings, node.as<bool>());
    return Status();
  }
  Status operator()(Place<std::string> place) const {
    if (kind_of(node) != Kind::kString) return mismatch(flag, node, "string");
    place(settings) = node.Scalar();
    return Status();
  }
  Status operator()(Place<bool> place) const {
    if (kind_of(node) != Kind::kBool) return mismatch(flag, node, "bool");
    place(settings) = node.as<bool>();
    return Status();
  }
  Status operator()(Place<int> place) const { return integer(place, "int", INT32_MIN, INT32_MAX); }
  Status operator()(Place<int64_t> place) const {
    return integer(place, "int64", INT64_MIN, INT64_MAX);
  }
  Status operator()(Place<uint32_t> place) const { return integer(place, "uint32", 0, UINT32_MAX); }
  Status operator()(Place<uint64_t> place) const { return integer(place, "uint", 0, INT64_MAX); }
  Status operator()(Place<Duration> place) const {
    int64_t value = 0;
    const auto temporary = take(value, "time.Duration", INT64_MIN, INT64_MAX);
    if (temporary.ok()) place(settings) = Duration(value);
    return temporary;
  }
  Status operator()(Place<std::chrono::milliseconds> place) const {
    int64_t value = 0;
    const auto taken = take(value, "uint", 0, INT32_MAX);
    if (taken.ok()) place(settings) = std::chrono::milliseconds(value);
    return taken;
  }
  Status operator()(Place<std::vector<std::string>> place) const {
    if (kind_of(node) != Kind::kArray) return mismatch(flag, node, "[]string");
    std::vector<std::string> parts;
    for (const YAML::Node& part : node) {
      if (kind_of(part) != Kind::kString) return mismatch(flag, part, "string");
      parts.push_back(part.Scalar());
    }
    place(settings) = std::move(parts);
    return Status();
  }
  Status operator()(Place<std::vector<Url>> place) const {
    if (kind_of(node) != Kind::kString) return mismatch(flag, node, "string", "configJSON");
    if (trim(node.Scalar()).empty()) return Status();
    auto urls = parse_urls(node.Scalar());
    if (urls.ok()) place(settings) = std::move(*urls);
    return urls.status();
  }

 private:
  Status take(int64_t& value, std::string_view type, int64_t least, int64_t most) const {
    if (kind_of(node) == Kind::kFloat) return take_float(value, type, least, most);
    if (kind_of(node) != Kind::kInteger) return mismatch(flag, node, type);
    const auto parsed = parse_int(node.Scalar());
    if (!parsed.ok() || *parsed < least || *parsed > most) return mismatch(flag, node, type);
    value = *parsed;
    return Status();
  }
  // "1e3" is a whole number, too.
  Status take_float(int64_t& value, std::string_view type, int64_t least, int64_t most) const {
    const auto number = node.as<double>();
    const bool whole = std::abs(number) < 9e15 && number == std::trunc(number);
    value = whole ? static_cast<int64_t>(number) : 0;
    return whole && value >= least && value <= most ? Status() : mismatch(flag, node, type);
  }
  template <typename T>
  Status integer(Place<T> place, std::string_view type, int64_t least, int64_t most) const {
    int64_t value = 0;
    const Status taken = take(value, type, least, most);
    if (taken.ok()) place(settings) = static_cast<T>(value);
    return taken;
  }
};

struct Leaf {
  std::string path;  // lower case, dotted
  YAML::Node node;
};

// Rows by their path in the file.
std::map<std::string, const Flag*> rows_by_path() {
  std::map<std::string, const Flag*> rows;
  for (const Flag* flag : all_flags())
    if (flag->file_key != "-")
      rows[std::string(flag->file_key.empty() ? flag->name : flag->file_key)] = flag;
  return rows;
}

bool holds_rows(const std::map<std::string, const Flag*>& rows, const std::string& path) {
  const auto inside = rows.lower_bound(path + ".");
  return inside != rows.end() && inside->first.starts_with(path + ".");
}

// The values of the file; maps are entered only where rows live inside them.
void collect(const YAML::Node& map, const std::string& lead,
             const std::map<std::string, const Flag*>& rows, std::vector<Leaf>& leaves) {
  for (const auto& entry : map) {
    if (!entry.first.IsScalar()) continue;
    const std::string path = lead + lower(entry.first.Scalar());
    if (entry.second.IsMap() && holds_rows(rows, path)) {
      collect(entry.second, path + ".", rows, leaves);
    } else {
      leaves.push_back({path, entry.second});
    }
  }
}

bool is_url_row(const Flag& flag) {
  return std::holds_alternative<Place<std::vector<Url>>>(flag.target) || flag.name == "cors";
}

void refuse(Outcome& outcome, const std::string& error) {
  add_note(outcome.notes, LogLevel::kWarn, "failed to verify flags", {{"error", error}});
  outcome.exit_code = 1;
}

bool set_from(const Leaf& leaf, const Flag& flag, Settings& settings, Outcome& outcome) {
  // The file's cluster state is judged with the rest, not when it is read.
  if (flag.name == "initial-cluster-state" && kind_of(leaf.node) == Kind::kString) {
    settings.raw.cluster_state = leaf.node.Scalar();
    return true;
  }
  const Status set = std::visit(NodeInto{settings, flag, leaf.node}, flag.target);
  if (set.ok()) {
    settings.given[std::string(flag.name)] = leaf.node.IsScalar() ? leaf.node.Scalar() : "";
    return true;
  }
  if (is_url_row(flag) && !set.text().starts_with("error ")) {
    outcome.err =
        "unexpected error setting up " + std::string(flag.name) + ": " + set.text() + "\n";
    outcome.exit_code = 1;
    return false;
  }
  refuse(outcome, set.text());
  return false;
}

bool apply(const YAML::Node& root, Settings& settings, Outcome& outcome) {
  const auto rows = rows_by_path();
  std::vector<Leaf> leaves;
  collect(root, "", rows, leaves);
  for (const Leaf& leaf : leaves) {
    const auto row = rows.find(leaf.path);
    if (row == rows.end() && holds_rows(rows, leaf.path) && kind_of(leaf.node) != Kind::kNull) {
      refuse(outcome, "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal " +
                          kind_name(leaf.node, false) +
                          " into Go struct field configYAML.configJSON." + leaf.path +
                          " of type embed.securityConfig");
      return false;
    }
    if (row == rows.end()) {
      add_note(outcome.notes, LogLevel::kWarn, "ignored an unknown key of the configuration file",
               {{"key", leaf.path}});
      continue;
    }
    if (kind_of(leaf.node) == Kind::kNull) continue;
    if (!set_from(leaf, *row->second, settings, outcome)) return false;
  }
  return true;
}

}  // namespace

bool read_config_file(const std::string& text, Settings& settings, Outcome& outcome) {
  try {
    const YAML::Node root = YAML::Load(text);
    if (root.IsNull()) return true;
    if (!root.IsMap()) {
      refuse(outcome, "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal " +
                          kind_name(root, false) + " into Go value of type embed.configYAML");
      return false;
    }
    return apply(root, settings, outcome);
  } catch (const YAML::Exception& e) {
    refuse(outcome, "error converting YAML to JSON: yaml: line " + std::to_string(e.mark.line + 1) +
                        ": " + e.msg);
    return false;
  }
}

}  // namespace keelson::config
