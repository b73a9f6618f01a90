#include "config/gates.h"

#include <algorithm>
#include <map>

#include "config/values.h"

namespace keelson::config {
namespace {

constexpr std::string_view kAllAlpha = "AllAlpha";
constexpr std::string_view kAllBeta = "AllBeta";

Status bad(std::string text) { return Status(Code::kInvalidArgument, std::move(text)); }

FeatureGate* find(std::vector<FeatureGate>& gates, const std::string& name) {
  for (FeatureGate& gate : gates)
    if (gate.name == name) return &gate;
  return nullptr;
}

// Error texts are etcd's.
Result<std::map<std::string, bool>> parse(std::string_view text) {
  std::map<std::string, bool> wanted;
  for (const std::string& part : split(text, ',')) {
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    const std::string name = trim(std::string_view(part).substr(0, equals));
    if (equals == std::string::npos) return bad("missing bool value for " + name);
    const std::string value = trim(std::string_view(part).substr(equals + 1));
    const auto enabled = parse_bool(value);
    if (!enabled.ok()) {
      return bad("invalid value of " + name + "=" + value + ", err: strconv.ParseBool: parsing " +
                 quote(value) + ": invalid syntax");
    }
    wanted[name] = *enabled;
  }
  return wanted;
}

void switch_stage(std::vector<FeatureGate>& gates, const std::map<std::string, bool>& wanted,
                  std::string_view stage, bool enabled) {
  for (FeatureGate& gate : gates) {
    const bool bulk = gate.name == kAllAlpha || gate.name == kAllBeta;
    if (gate.stage == stage && !bulk && !wanted.contains(gate.name)) gate.enabled = enabled;
  }
}

}  // namespace

std::vector<FeatureGate> default_gates() {
  return {{"AllAlpha", "ALPHA", false},
          {"AllBeta", "BETA", false},
          {"CompactHashCheck", "ALPHA", false},
          {"FastLeaseKeepAlive", "BETA", true},
          {"InitialCorruptCheck", "ALPHA", false},
          {"LeaseCheckpoint", "ALPHA", false},
          {"LeaseCheckpointPersist", "ALPHA", false},
          {"PriorityRequest", "ALPHA", false},
          {"SetMemberLocalAddr", "ALPHA", false},
          {"StopGRPCServiceOnDefrag", "ALPHA", false},
          {"TxnModeWriteWithSharedBuffer", "BETA", true}};
}

Status apply_gates(std::vector<FeatureGate>& gates, std::string_view text) {
  const auto wanted = parse(text);
  if (!wanted.ok()) return wanted.status();
  for (const auto& [name, enabled] : *wanted) {
    FeatureGate* gate = find(gates, name);
    if (gate == nullptr) return bad("unrecognized feature gate: " + name);
    gate->enabled = enabled;
    if (name == kAllAlpha) switch_stage(gates, *wanted, "ALPHA", enabled);
    if (name == kAllBeta) switch_stage(gates, *wanted, "BETA", enabled);
  }
  return Status();
}

}  // namespace keelson::config
