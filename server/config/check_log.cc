#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "config/stages.h"
#include "config/values.h"

namespace keelson::config {
namespace {

Status bad(std::string text) { return Status(Code::kInvalidArgument, std::move(text)); }

bool is_file(const std::string& output) {
  return output != "default" && output != "stderr" && output != "stdout" &&
         output != "systemd/journal";
}

Status set_level(Settings& settings) {
  static constexpr LogLevel kLevels[] = {LogLevel::kDebug, LogLevel::kInfo,  LogLevel::kWarn,
                                         LogLevel::kError, LogLevel::kPanic, LogLevel::kFatal};
  std::string text = settings.raw.log_level;
  if (text.empty()) text = "info";
  const bool shouted =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (shouted)
    for (char& c : text) c = static_cast<char>(c + 32);
  for (const LogLevel level : kLevels) {
    if (text != log_level_name(level)) continue;
    settings.config.log_level = level;
    return Status();
  }
  return bad("unrecognized level: " + quote(settings.raw.log_level));
}

// Reads one number or switch of the rotation's JSON, when it is there.
template <typename T>
Status take(const YAML::Node& root, const char* key, const char* type, T& value) {
  const YAML::Node node = root[key];
  if (!node || node.IsNull()) return Status();
  const bool quoted = node.IsScalar() && node.Tag() == "!";
  if (node.IsScalar() && !quoted && YAML::convert<T>::decode(node, value)) return Status();
  const char* kind = node.IsSequence() ? "array"
                     : node.IsMap()    ? "object"
                     : quoted          ? "string"
                                       : "value";
  return bad("invalid log rotation config: json: cannot unmarshal " + std::string(kind) +
             " into Go struct field logRotationConfig.Logger." + key + " of type " + type);
}

Status set_rotation(Settings& settings) {
  LogRotation& rotation = settings.config.log_rotation;
  const auto& outputs = settings.config.log_outputs;
  if (!rotation.enabled) return Status();
  if (std::count_if(outputs.begin(), outputs.end(), is_file) != 1)
    return bad(
        "--log-outputs requires a single file path when --log-rotate-config-json is defined");
  try {
    const YAML::Node root = YAML::Load(settings.raw.log_rotation_json);
    if (!root.IsMap())
      return bad("improperly formatted log rotation config: unexpected end of JSON input");
    for (const Status& taken : {take(root, "maxsize", "int", rotation.max_size_mb),
                                take(root, "maxage", "int", rotation.max_age_days),
                                take(root, "maxbackups", "int", rotation.max_backups),
                                take(root, "localtime", "bool", rotation.local_time),
                                take(root, "compress", "bool", rotation.compress)})
      if (!taken.ok()) return taken;
  } catch (const YAML::Exception& e) {
    return bad("improperly formatted log rotation config: " + e.msg);
  }
  if (rotation.max_size_mb == 0) rotation.max_size_mb = LogRotation().max_size_mb;
  return Status();
}

}  // namespace

Status resolve_log(Settings& settings) {
  const std::string& logger = settings.raw.logger;
  const auto& outputs = settings.config.log_outputs;
  if (logger == "capnslog") return bad("--logger=capnslog is removed in v3.5");
  if (logger != "zap") return bad("unknown logger option " + quote(logger));
  if (outputs.empty() || std::find(outputs.begin(), outputs.end(), "") != outputs.end())
    return bad("open sink \"\": open : no such file or directory");
  if (outputs.size() > 1 && std::find(outputs.begin(), outputs.end(), "default") != outputs.end())
    return bad("multi logoutput for \"default\" is not supported yet");
  if (Status set = set_rotation(settings); !set.ok()) return set;
  const std::string& format = settings.raw.log_format;
  if (format != "json" && format != "console")
    return bad("unknown log format: " + format + ", supported values json, console");
  settings.config.log_console = format == "console";
  return set_level(settings);
}

}  // namespace keelson::config
