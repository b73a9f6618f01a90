// Every flag the server knows: its name, where its value goes, and what --help says about it. One
// row serves the command line, the environment and the configuration file.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"
#include "config/config.h"
#include "config/gates.h"

namespace keelson::config {

// Texts that are judged only when everything is read.
struct Raw {
  std::string config_file;
  bool version = false;
  bool help = false;
  std::string cluster_state = "new";
  std::string discovery_fallback = "exit";
  std::string discovery_token, discovery_srv;
  std::vector<std::string> discovery_endpoints;
  std::string compaction_retention = "0";
  std::string logger = "zap";
  std::string log_level = "info";
  std::string log_format = "json";
  std::string log_rotation_json =
      R"({"maxsize": 100, "maxage": 0, "maxbackups": 0, "localtime": false, "compress": false})";
  std::string metrics = "basic";
  bool tracing = false;
  int64_t tracing_sampling_rate = 0;
};

// Values of flags that do nothing here: parsed for their type, then forgotten.
struct Unused {
  std::string text;
  bool yes = false;
  int64_t integer = 0;
  uint64_t number = 0;
  Duration duration{0};
};

struct Settings {
  Config config;
  Raw raw;
  Unused unused;
  // Flags that were set, by any of the three ways, and the text that the user gave (for notes).
  std::map<std::string, std::string> given;
  Settings() { config.feature_gates = default_gates(); }
};

enum class Group : uint8_t {
  kMember,
  kClustering,
  kSecurity,
  kAuth,
  kMonitoring,
  kLogging,
  kTracing,
  kFeatures,
  kUnsafe,
  kHidden,  // accepted, not shown by --help
};

template <typename T>
using Place = T& (*)(Settings&);
using TextSetter = Status (*)(Settings&, const std::string&);
using BoolSetter = void (*)(Settings&, bool);

using Target = std::variant<TextSetter, BoolSetter, Place<std::string>, Place<bool>, Place<int>,
                            Place<int64_t>, Place<uint32_t>, Place<uint64_t>, Place<Duration>,
                            Place<std::chrono::milliseconds>, Place<std::vector<std::string>>,
                            Place<std::vector<Url>>>;

struct Flag {
  std::string_view name;
  std::string_view default_text;
  Group group = Group::kHidden;
  Target target;
  std::string_view help;
  // Dotted path in the configuration file; empty = the name, "-" = not allowed there.
  std::string_view file_key = {};
  // Why it changes nothing in Keelson. Empty: it works.
  std::string_view inert = {};
  // An older spelling of this flag; a warning says so.
  std::string_view renamed_to = {};
  // Takes a value only with "=", like a switch.
  bool bare = false;

  bool is_bool() const {
    return bare || std::holds_alternative<Place<bool>>(target) ||
           std::holds_alternative<BoolSetter>(target);
  }
};

// What is accepted, and comes with a later release.
inline constexpr std::string_view kNotYet = "not built yet: it changes nothing in this release";

// Names a member of Config, Raw or Unused, however deep: in_config<&Config::client_tls,
// &Tls::key_file>.
template <auto... path>
constexpr auto in_config = [](Settings& s) -> auto& { return (s.config.*....*path); };
template <auto member>
constexpr auto in_raw = [](Settings& s) -> auto& { return s.raw.*member; };
template <auto member>
constexpr auto unused = [](Settings& s) -> auto& { return s.unused.*member; };

std::span<const Flag> member_flags();
std::span<const Flag> clustering_flags();
std::span<const Flag> security_flags();
std::span<const Flag> observation_flags();
std::span<const Flag> feature_flags();
std::span<const Flag> hidden_flags();

// All of them, sorted by name.
const std::vector<const Flag*>& all_flags();
const Flag* find_flag(std::string_view name);
// The known name with the fewest differences, nothing when all are far away.
std::optional<std::string> nearest_flag(std::string_view name);

// Gives the flag a value from its text. An error carries the reason alone ("parse error").
Status set_flag(const Flag& flag, Settings& settings, const std::string& text);

}  // namespace keelson::config
