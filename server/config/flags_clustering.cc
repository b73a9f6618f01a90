#include "config/flag_table.h"

namespace keelson::config {
namespace {

constexpr std::string_view kNoDiscovery =
    "it only matters together with discovery, which Keelson does not have";

Status choose(std::string& place, const std::string& text,
              std::initializer_list<const char*> allowed, const std::string& error) {
  for (const char* one : allowed) {
    if (text == one) {
      place = text;
      return Status();
    }
  }
  return Status(Code::kInvalidArgument, error);
}

Status set_cluster_state(Settings& s, const std::string& text) {
  return choose(s.raw.cluster_state, text, {"new", "existing"}, "invalid value");
}
Status set_fallback(Settings& s, const std::string& text) {
  return choose(s.raw.discovery_fallback, text, {"exit", "proxy"}, "invalid value");
}
Status set_v2_deprecation(Settings& s, const std::string& text) {
  return choose(s.unused.text, text,
                {"write-only", "write-only-skip-check", "write-only-drop-data", "gone"},
                "invalid value \"" + text + "\"");
}

const Flag kFlags[] = {
    {"initial-advertise-peer-urls", "http://localhost:2380", Group::kClustering,
     in_config<&Config::initial_advertise_peer_urls>,
     "Peer URLs of this member as the others are told (comma list)."},
    {"initial-cluster", "default=http://localhost:2380", Group::kClustering,
     in_config<&Config::initial_cluster>,
     "The members a new cluster starts with: name=url,name=url. A name may stand more than once."},
    {"initial-cluster-state", "new", Group::kClustering, set_cluster_state,
     "'new' founds a cluster, 'existing' joins one. Without meaning once the member has data."},
    {"initial-cluster-token", "etcd-cluster", Group::kClustering,
     in_config<&Config::initial_cluster_token>,
     "Mixed into the identities of cluster and members, so that two clusters never mistake each\n"
     "other's members."},
    {"advertise-client-urls", "http://localhost:2379", Group::kClustering,
     in_config<&Config::advertise_client_urls>,
     "Client URLs of this member as everybody is told (comma list)."},
    {"discovery-token", "", Group::kClustering, in_raw<&Raw::discovery_token>,
     "Refused: Keelson does not have discovery.", "discovery-config.token"},
    {"discovery-endpoints", "", Group::kClustering, in_raw<&Raw::discovery_endpoints>,
     "Refused: Keelson does not have discovery.", "discovery-config.client.endpoints"},
    {"discovery-dial-timeout", "2s", Group::kClustering, unused<&Unused::duration>,
     "Accepted for compatibility.", "discovery-config.client.dial-timeout", kNoDiscovery},
    {"discovery-request-timeout", "5s", Group::kClustering, unused<&Unused::duration>,
     "Accepted for compatibility.", "discovery-config.client.request-timeout", kNoDiscovery},
    {"discovery-keepalive-time", "2s", Group::kClustering, unused<&Unused::duration>,
     "Accepted for compatibility.", "discovery-config.client.keepalive-time", kNoDiscovery},
    {"discovery-keepalive-timeout", "6s", Group::kClustering, unused<&Unused::duration>,
     "Accepted for compatibility.", "discovery-config.client.keepalive-timeout", kNoDiscovery},
    {"discovery-insecure-transport", "true", Group::kClustering, unused<&Unused::yes>,
     "Accepted for compatibility.", "discovery-config.client.secure.insecure-transport",
     kNoDiscovery},
    {"discovery-insecure-skip-tls-verify", "false", Group::kClustering, unused<&Unused::yes>,
     "Accepted for compatibility.", "discovery-config.client.secure.insecure-skip-tls-verify",
     kNoDiscovery},
    {"discovery-cert", "", Group::kClustering, unused<&Unused::text>, "Accepted for compatibility.",
     "discovery-config.client.secure.cert", kNoDiscovery},
    {"discovery-key", "", Group::kClustering, unused<&Unused::text>, "Accepted for compatibility.",
     "discovery-config.client.secure.key", kNoDiscovery},
    {"discovery-cacert", "", Group::kClustering, unused<&Unused::text>,
     "Accepted for compatibility.", "discovery-config.client.secure.cacert", kNoDiscovery},
    {"discovery-user", "", Group::kClustering, unused<&Unused::text>, "Accepted for compatibility.",
     "discovery-config.client.auth.username", kNoDiscovery},
    {"discovery-password", "", Group::kClustering, unused<&Unused::text>,
     "Accepted for compatibility.", "discovery-config.client.auth.password", kNoDiscovery},
    {"discovery-fallback",
     "exit",
     Group::kClustering,
     set_fallback,
     "Accepted for compatibility.",
     {},
     kNoDiscovery},
    {"discovery-srv", "", Group::kClustering, in_raw<&Raw::discovery_srv>,
     "Refused: Keelson does not have discovery."},
    {"discovery-srv-name",
     "",
     Group::kClustering,
     unused<&Unused::text>,
     "Accepted for compatibility.",
     {},
     kNoDiscovery},
    {"strict-reconfig-check", "true", Group::kClustering, in_config<&Config::strict_reconfig_check>,
     "Refuse changes of the membership that would cost the quorum."},
    {"pre-vote", "true", Group::kClustering, in_config<&Config::pre_vote>,
     "Ask before an election whether it could be won, so that a member that was cut off does not\n"
     "disturb the leader when it comes back."},
    {"auto-compaction-retention", "0", Group::kClustering, in_raw<&Raw::compaction_retention>,
     "How much history to keep: hours or a duration (periodic), or revisions. 0 = all of it."},
    {"auto-compaction-mode", "periodic", Group::kClustering,
     in_config<&Config::auto_compaction_mode>, "'periodic' or 'revision'."},
    {"v2-deprecation",
     "write-only",
     Group::kClustering,
     set_v2_deprecation,
     "Accepted for compatibility.",
     {},
     "there is no v2 store"},
    {"max-learners", "1", Group::kClustering, in_config<&Config::max_learners>,
     "Learners that the cluster may have at a time."},
};

}  // namespace

std::span<const Flag> clustering_flags() { return kFlags; }

}  // namespace keelson::config
