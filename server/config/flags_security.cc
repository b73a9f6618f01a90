#include "config/flag_table.h"
#include "config/url.h"
#include "config/values.h"

namespace keelson::config {
namespace {

constexpr std::string_view kNoLoopback = "the gateway does not connect to itself";

// A list of origins, or "*".
Status set_cors(Settings& s, const std::string& text) {
  if (trim(text).empty()) return Status();
  if (text == "*") {
    s.config.cors = {"*"};
    return Status();
  }
  const auto urls = parse_urls(text);
  if (!urls.ok()) return urls.status();
  s.config.cors.clear();
  for (const Url& url : *urls) s.config.cors.push_back(url.text);
  return Status();
}

Status set_host_whitelist(Settings& s, const std::string& text) {
  s.config.host_whitelist = trim(text).empty() ? std::vector<std::string>{"*"} : split(text, ',');
  return Status();
}

const Flag kClientFlags[] = {
    {"cert-file", "", Group::kSecurity, in_config<&Config::client_tls, &Tls::cert_file>,
     "Certificate of the client port. Read again when it changes.",
     "client-transport-security.cert-file"},
    {"key-file", "", Group::kSecurity, in_config<&Config::client_tls, &Tls::key_file>,
     "Key of that certificate.", "client-transport-security.key-file"},
    {"client-cert-auth", "false", Group::kSecurity,
     in_config<&Config::client_tls, &Tls::client_cert_auth>,
     "Ask clients for a certificate signed by --trusted-ca-file.",
     "client-transport-security.client-cert-auth"},
    {"client-cert-file", "", Group::kSecurity,
     in_config<&Config::client_tls, &Tls::client_cert_file>, "Accepted for compatibility.",
     "client-transport-security.client-cert-file", kNoLoopback},
    {"client-key-file", "", Group::kSecurity, in_config<&Config::client_tls, &Tls::client_key_file>,
     "Accepted for compatibility.", "client-transport-security.client-key-file", kNoLoopback},
    {"client-crl-file", "", Group::kSecurity, in_config<&Config::client_tls, &Tls::crl_file>,
     "List of revoked client certificates.", "client-transport-security.client-crl-file"},
    {"client-cert-allowed-hostname", "", Group::kSecurity,
     in_config<&Config::client_tls, &Tls::allowed_hostname>,
     "Names, one of which a client certificate must carry (comma list).",
     "client-transport-security.allowed-hostname"},
    {"trusted-ca-file", "", Group::kSecurity, in_config<&Config::client_tls, &Tls::trusted_ca_file>,
     "Authorities that may sign client certificates.", "client-transport-security.trusted-ca-file"},
    {"auto-tls", "false", Group::kSecurity, in_config<&Config::client_tls, &Tls::auto_tls>,
     "Make a certificate for the client port when none is given.",
     "client-transport-security.auto-tls"},
    {"peer-cert-file", "", Group::kSecurity, in_config<&Config::peer_tls, &Tls::cert_file>,
     "Certificate of the peer port. Read again when it changes.",
     "peer-transport-security.cert-file"},
    {"peer-key-file", "", Group::kSecurity, in_config<&Config::peer_tls, &Tls::key_file>,
     "Key of that certificate.", "peer-transport-security.key-file"},
    {"peer-client-cert-auth", "false", Group::kSecurity,
     in_config<&Config::peer_tls, &Tls::client_cert_auth>,
     "Ask other members for a certificate signed by --peer-trusted-ca-file.",
     "peer-transport-security.client-cert-auth"},
    {"peer-client-cert-file", "", Group::kSecurity,
     in_config<&Config::peer_tls, &Tls::client_cert_file>,
     "Certificate to show to other members, when it is not --peer-cert-file.",
     "peer-transport-security.client-cert-file"},
    {"peer-client-key-file", "", Group::kSecurity,
     in_config<&Config::peer_tls, &Tls::client_key_file>, "Key of that certificate.",
     "peer-transport-security.client-key-file"},
    {"peer-trusted-ca-file", "", Group::kSecurity,
     in_config<&Config::peer_tls, &Tls::trusted_ca_file>,
     "Authorities that may sign the certificates of members.",
     "peer-transport-security.trusted-ca-file"},
    {"peer-cert-allowed-cn", "", Group::kSecurity, in_config<&Config::peer_tls, &Tls::allowed_cn>,
     "Common names, one of which a member's certificate must carry (comma list).",
     "peer-transport-security.allowed-cn"},
    {"peer-cert-allowed-hostname", "", Group::kSecurity,
     in_config<&Config::peer_tls, &Tls::allowed_hostname>,
     "Names, one of which a member's certificate must carry (comma list).",
     "peer-transport-security.allowed-hostname"},
    {"peer-auto-tls", "false", Group::kSecurity, in_config<&Config::peer_tls, &Tls::auto_tls>,
     "Make a certificate for the peer port when none is given.",
     "peer-transport-security.auto-tls"},
    {"peer-crl-file", "", Group::kSecurity, in_config<&Config::peer_tls, &Tls::crl_file>,
     "List of revoked certificates of members.", "peer-transport-security.client-crl-file"},
    {"peer-skip-client-san-verification", "false", Group::kSecurity,
     in_config<&Config::peer_tls, &Tls::skip_client_san_verification>,
     "Do not compare a member's certificate with the address it comes from.",
     "peer-transport-security.skip-client-san-verification"},
    {"self-signed-cert-validity", "1", Group::kSecurity,
     in_config<&Config::self_signed_cert_validity_years>,
     "Years for which certificates made by --auto-tls and --peer-auto-tls are good."},
    {"cipher-suites", "", Group::kSecurity, in_config<&Config::cipher_suites>,
     "TLS 1.2 suites to allow, by their IANA names (comma list). Empty = the library's own "
     "choice."},
    {"cors", "*", Group::kSecurity, set_cors,
     "Origins that browsers may call from (comma list of URLs, or * for all)."},
    {"host-whitelist", "*", Group::kSecurity, set_host_whitelist,
     "Host names that plain HTTP requests may carry (comma list, or * for all)."},
    {"tls-min-version", "TLS1.2", Group::kSecurity, in_config<&Config::tls_min_version>,
     "Lowest TLS version: TLS1.2 or TLS1.3."},
    {"tls-max-version", "", Group::kSecurity, in_config<&Config::tls_max_version>,
     "Highest TLS version: TLS1.2, TLS1.3, or empty for the library's highest."},
};

}  // namespace

std::span<const Flag> security_flags() { return kClientFlags; }

}  // namespace keelson::config
