#include <algorithm>

#include "config/stages.h"
#include "config/values.h"

namespace keelson::config {
namespace {

Status bad(std::string text) { return Status(Code::kInvalidArgument, std::move(text)); }

// What Go calls them. Those of TLS 1.3 and the weak ones are known names, too.
constexpr std::string_view kSuites[] = {"TLS_AES_128_GCM_SHA256",
                                        "TLS_AES_256_GCM_SHA384",
                                        "TLS_CHACHA20_POLY1305_SHA256",
                                        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
                                        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
                                        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                                        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
                                        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                                        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
                                        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
                                        "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
                                        "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
                                        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
                                        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
                                        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                                        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
                                        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                                        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
                                        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
                                        "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
                                        "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
                                        "TLS_RSA_WITH_AES_128_CBC_SHA",
                                        "TLS_RSA_WITH_AES_128_CBC_SHA256",
                                        "TLS_RSA_WITH_AES_128_GCM_SHA256",
                                        "TLS_RSA_WITH_AES_256_CBC_SHA",
                                        "TLS_RSA_WITH_AES_256_GCM_SHA384",
                                        "TLS_RSA_WITH_RC4_128_SHA"};

Status check_version(const std::string& version, bool may_be_empty) {
  if (version == "TLS1.2" || version == "TLS1.3" || (version.empty() && may_be_empty))
    return Status();
  return bad("unexpected TLS version " + quote(version) + " (must be one of: TLS1.2, TLS1.3)");
}

Status check_pair(const Tls& tls) {
  if (tls.auto_tls || tls.cert_file.empty() == tls.key_file.empty()) return Status();
  return bad("KeyFile and CertFile must both be present[key: " + tls.key_file +
             ", cert: " + tls.cert_file + "]");
}

bool none(const Tls& tls) { return tls.cert_file.empty() && tls.key_file.empty() && !tls.auto_tls; }

std::string address(const Url& url) {
  if (url.is_unix()) return url.host;
  const bool v6 = url.host.find(':') != std::string::npos;
  return (v6 ? "[" + url.host + "]" : url.host) + ":" + std::to_string(url.port);
}

Status check_client(const Config& config, const std::vector<Url>& urls) {
  for (const Url& url : urls) {
    if (!url.tls()) continue;
    if (none(config.client_tls))
      return bad("TLS key/cert (--cert-file, --key-file) must be provided for client url " +
                 url.text + " with HTTPS scheme");
    if (Status pair = check_pair(config.client_tls); !pair.ok()) return pair;
  }
  return Status();
}

}  // namespace

Status check_tls_versions(const Config& config) {
  const std::string& least = config.tls_min_version;
  const std::string& most = config.tls_max_version;
  if (Status known = check_version(least, true); !known.ok()) return known;
  if (Status known = check_version(most, true); !known.ok()) return known;
  if (!most.empty() && least > most)
    return bad("min version (" + least + ") is greater than max version (" + most + ")");
  if (least == "TLS1.3" && !config.cipher_suites.empty())
    return bad("cipher suites cannot be configured when only TLS1.3 is enabled");
  return Status();
}

Status check_certificates(const Config& config) {
  for (const std::string& suite : config.cipher_suites)
    if (std::find(std::begin(kSuites), std::end(kSuites), suite) == std::end(kSuites))
      return bad("unexpected TLS cipher suite " + quote(suite));
  for (const Url& url : config.listen_peer_urls) {
    if (!url.tls()) continue;
    if (none(config.peer_tls))
      return bad("cannot listen on TLS for " + address(url) +
                 ": KeyFile and CertFile are not presented");
    if (Status pair = check_pair(config.peer_tls); !pair.ok()) return pair;
  }
  const auto& peer = config.peer_tls;
  if (!peer.allowed_cn.empty() && !peer.allowed_hostname.empty())
    return bad("--peer-cert-allowed-cn and --peer-cert-allowed-hostname cannot be set together");
  for (const auto* urls : {&config.listen_client_urls, &config.listen_client_http_urls})
    if (Status checked = check_client(config, *urls); !checked.ok()) return checked;
  for (const Url& url : config.listen_metrics_urls)
    if (url.tls() && none(config.client_tls))
      return bad(
          "client TLS key/cert (--cert-file, --key-file) must be provided for metrics secure url");
  return Status();
}

}  // namespace keelson::config
