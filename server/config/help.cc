#include "base/version.h"
#include "config/stages.h"

namespace keelson::config {
namespace {

struct Heading {
  Group group;
  std::string_view title;
};
constexpr Heading kHeadings[] = {{Group::kMember, "Member"},
                                 {Group::kClustering, "Clustering"},
                                 {Group::kSecurity, "Security"},
                                 {Group::kAuth, "Auth"},
                                 {Group::kMonitoring, "Profiling and Monitoring"},
                                 {Group::kLogging, "Logging"},
                                 {Group::kTracing, "Distributed tracing"},
                                 {Group::kFeatures, "Features"},
                                 {Group::kUnsafe, "Unsafe feature"}};

std::string indented(std::string_view text) {
  std::string out = "    ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "    ";
  }
  return out + "\n";
}

std::string gates_text() {
  std::string out;
  for (const FeatureGate& gate : default_gates()) {
    out += indented(gate.name + "=true|false (" + gate.stage +
                    " - default=" + (gate.enabled ? "true" : "false") + ")");
  }
  return out;
}

std::string flag_text(const Flag& flag) {
  std::string out = "  --" + std::string(flag.name) + " '" + std::string(flag.default_text) + "'\n";
  out += indented(flag.help);
  if (!flag.inert.empty()) out += indented("Does nothing here: " + std::string(flag.inert) + ".");
  if (flag.name == "feature-gates") out += gates_text();
  return out;
}

}  // namespace

std::string usage_text() {
  return R"(Usage:

  etcd [flags]
    Start a member.

  etcd --version
    Print the version.

  etcd -h | --help
    Print this text and all flags.

  etcd --config-file FILE
    Start a member from a file in YAML or JSON. Flags and environment are not looked at then.
    Durations are integer nanoseconds there (600000000000 for 10m).

)";
}

std::string help_text() {
  std::string out;
  for (const Heading& heading : kHeadings) {
    out += std::string(heading.title) + ":\n";
    for (const auto flags : {member_flags(), clustering_flags(), security_flags(),
                             observation_flags(), feature_flags()})
      for (const Flag& flag : flags)
        if (flag.group == heading.group) out += flag_text(flag);
    out += "\n";
  }
  return out;
}

std::string version_text() {
  return "etcd Version: " + std::string(kEtcdVersion) + "\nGit SHA: " + std::string(kGitSha) +
         "\nKeelson Version: " + std::string(kKeelsonVersion) + "\nCompiler: " + __VERSION__ +
         "\nOS/Arch: linux/" + std::string(kArchitecture) + "\n";
}

}  // namespace keelson::config
