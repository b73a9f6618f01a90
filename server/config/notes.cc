#include <map>

#include "config/stages.h"
#include "config/values.h"

namespace keelson::config {
namespace {

constexpr int64_t kQuotaHigh = int64_t{8} << 30;
constexpr uint64_t kRequestHigh = 10 * 1024 * 1024;

void warn(std::vector<Note>& notes, std::string msg, std::vector<LogField> fields) {
  add_note(notes, LogLevel::kWarn, std::move(msg), std::move(fields));
}

void note_flags(const Settings& settings, std::vector<Note>& notes) {
  for (const auto& [name, text] : settings.given) {
    const Flag* flag = find_flag(name);
    if (flag == nullptr) continue;
    if (!flag->renamed_to.empty())
      warn(notes, "deprecated flag", {{"flag", name}, {"use", std::string(flag->renamed_to)}});
    if (!flag->inert.empty())
      warn(notes, "flag does nothing here", {{"flag", name}, {"reason", std::string(flag->inert)}});
  }
}

// Gates that the server does not look at, and why.
const std::map<std::string_view, std::string_view> kInertGates = {
    {"CompactHashCheck", kNotYet},
    {"FastLeaseKeepAlive", "renewals never wait for the log"},
    {"InitialCorruptCheck", kNotYet},
    {"LeaseCheckpoint", kNotYet},
    {"LeaseCheckpointPersist", kNotYet},
    {"PriorityRequest", "revocations have no queue of their own"},
    {"SetMemberLocalAddr", kNotYet},
    {"TxnModeWriteWithSharedBuffer", "transactions do not copy a read buffer"},
};

// Only those that somebody has changed.
void note_gates(const Settings& settings, std::vector<Note>& notes) {
  const std::vector<FeatureGate> usual = default_gates();
  for (size_t i = 0; i < usual.size(); ++i) {
    const FeatureGate& gate = settings.config.feature_gates[i];
    const auto inert = kInertGates.find(gate.name);
    if (gate.enabled == usual[i].enabled || inert == kInertGates.end()) continue;
    warn(notes, "feature gate does nothing here",
         {{"gate", gate.name}, {"reason", std::string(inert->second)}});
  }
}

void note_unused_certificates(const Tls& tls, const std::vector<Url>& urls, const char* key,
                              std::vector<Note>& notes) {
  for (const Url& url : urls)
    if (!url.tls() && (!tls.cert_file.empty() || !tls.key_file.empty()))
      warn(notes,
           "scheme is http or unix while key and cert files are present; ignoring key and cert "
           "files",
           {{key, url.text}});
}

}  // namespace

void add_notes(const Settings& settings, std::vector<Note>& notes) {
  const Config& config = settings.config;
  note_flags(settings, notes);
  note_gates(settings, notes);
  note_unused_certificates(config.peer_tls, config.listen_peer_urls, "peer-url", notes);
  note_unused_certificates(config.client_tls, config.listen_client_urls, "client-url", notes);
  if (config.client_tls.auto_tls && config.client_tls.has_pair())
    warn(notes, "ignoring client auto TLS since certs given", {});
  if (config.peer_tls.auto_tls && config.peer_tls.has_pair())
    warn(notes, "ignoring peer auto TLS since certs given", {});
  if (config.quota_backend_bytes > kQuotaHigh)
    warn(notes, "quota exceeds the maximum value",
         {{"quota-size-bytes", config.quota_backend_bytes},
          {"quota-maximum-size-bytes", kQuotaHigh}});
  if (config.max_request_bytes > kRequestHigh)
    warn(notes, "exceeded recommended request limit",
         {{"max-request-bytes", config.max_request_bytes},
          {"recommended-request-bytes", kRequestHigh}});
}

void write_notes(Log& log, const std::vector<Note>& notes) {
  for (const Note& note : notes)
    if (log.enabled(note.level)) log.write(note.level, note.msg, note.fields, note.where);
}

}  // namespace keelson::config
