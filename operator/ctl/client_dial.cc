// Channels: TLS files, credentials and channel arguments.
#include <grpc/support/log.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "ctl/certificate_names.h"
#include "ctl/client_core.h"
#include "ctl/endpoint.h"

namespace keelson::ctl {
namespace {

namespace tls = grpc::experimental;
using Channels = std::vector<std::shared_ptr<grpc::Channel>>;

// Servers answer faster pings with a refusal.
constexpr std::chrono::seconds kPingIntervalMin{10};

// Decides by the names in a certificate; the chain to the CA is checked elsewhere.
class NameVerifier : public tls::ExternalCertificateVerifier {
 public:
  // With `any`, all certificates are taken: --insecure-skip-tls-verify.
  explicit NameVerifier(bool any) : any_(any) {}
  bool Verify(tls::TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* status) override {
    *status = any_ ? grpc::Status::OK : check(*request);
    return true;
  }
  void Cancel(tls::TlsCustomVerificationCheckRequest*) override {}

 private:
  static grpc::Status check(const tls::TlsCustomVerificationCheckRequest& request) {
    auto texts = [](const std::vector<grpc::string_ref>& refs) {
      std::vector<std::string> out;
      for (const grpc::string_ref& ref : refs) out.emplace_back(ref.data(), ref.size());
      return out;
    };
    grpc::string_ref target = request.target_name();
    std::string host = host_of({target.data(), target.size()});
    bool good = certificate_names(host, texts(request.dns_names()), texts(request.ip_names()));
    if (good) return grpc::Status::OK;
    return {grpc::UNAUTHENTICATED, "x509: the certificate is not valid for " + host};
  }

  const bool any_;
};

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  if (file) content << file.rdbuf();
  if (!file) {
    std::string why = std::strerror(errno);
    if (errno == ENOENT) why = "no such file or directory";
    if (errno == EACCES) why = "permission denied";
    return bad_args("open " + path + ": " + why);
  }
  return content.str();
}

// gRPC would only fail at each handshake, without a word on why.
Status check_pair(const std::string& cert_pem, const std::string& key_pem) {
  auto memory = [](const std::string& pem) {
    return std::unique_ptr<BIO, decltype(&BIO_free)>(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  };
  std::unique_ptr<X509, decltype(&X509_free)> cert(
      PEM_read_bio_X509(memory(cert_pem).get(), nullptr, nullptr, nullptr), &X509_free);
  if (!cert && cert_pem.find("PRIVATE KEY-----") != std::string::npos) {
    return bad_args(
        "tls: failed to find certificate PEM data in certificate input, but did find a private "
        "key; PEM inputs may have been switched");
  }
  if (!cert) return bad_args("tls: failed to find any PEM data in certificate input");
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(memory(key_pem).get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  if (!key && key_pem.find("BEGIN CERTIFICATE-----") != std::string::npos) {
    return bad_args("tls: found a certificate rather than a key in the PEM for the private key");
  }
  if (!key) return bad_args("tls: failed to find any PEM data in key input");
  if (X509_check_private_key(cert.get(), key.get()) == 1) return {};
  return bad_args("tls: private key does not match public key");
}

struct Pems {
  std::string roots;
  std::vector<tls::IdentityKeyCertPair> identity;
};

Result<Pems> read_pems(const TlsConfig& config) {
  Pems pems;
  if (config.cert_file.empty() != config.key_file.empty()) {
    return bad_args("KeyFile and CertFile must both be present[key: " + config.key_file +
                    ", cert: " + config.cert_file + "]");
  }
  if (!config.cert_file.empty()) {
    Result<std::string> cert = read_file(config.cert_file);
    if (!cert.ok()) return cert.failure();
    Result<std::string> key = read_file(config.key_file);
    if (!key.ok()) return key.failure();
    Status pair = check_pair(*cert, *key);
    if (!pair.ok()) return pair.failure();
    pems.identity.push_back({*key, *cert});
  }
  if (!config.ca_file.empty()) {
    Result<std::string> roots = read_file(config.ca_file);
    if (!roots.ok()) return roots.failure();
    pems.roots = *roots;
  }
  return pems;
}

std::shared_ptr<grpc::ChannelCredentials> tls_credentials(const TlsConfig& config,
                                                          const Pems& pems) {
  tls::TlsChannelCredentialsOptions options;
  if (!pems.identity.empty() && !pems.roots.empty()) {
    options.set_certificate_provider(
        std::make_shared<tls::StaticDataCertificateProvider>(pems.roots, pems.identity));
  } else if (!pems.identity.empty()) {
    options.set_certificate_provider(
        std::make_shared<tls::StaticDataCertificateProvider>(pems.identity));
  } else if (!pems.roots.empty()) {
    options.set_certificate_provider(
        std::make_shared<tls::StaticDataCertificateProvider>(pems.roots));
  }
  if (!pems.identity.empty()) options.watch_identity_key_cert_pairs();
  if (!pems.roots.empty()) options.watch_root_certs();
  // gRPC's own check would take the common name of a certificate without other names; Go does not.
  options.set_certificate_verifier(
      tls::ExternalCertificateVerifier::Create<NameVerifier>(config.skip_verify));
  options.set_check_call_host(false);
  if (config.skip_verify) options.set_verify_server_certs(false);
  return tls::TlsCredentials(options);
}

grpc::ChannelArguments channel_arguments(const ClientConfig& config, const Endpoint& endpoint) {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(
      config.recv_bytes_max > 0 ? static_cast<int>(config.recv_bytes_max) : INT32_MAX);
  arguments.SetMaxSendMessageSize(-1);  // checked before the call, for etcd's text
  Duration interval = std::max<Duration>(config.keepalive_time, kPingIntervalMin);
  if (config.keepalive_time.count() > 0) {
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS,
                     static_cast<int>(duration_cast<milliseconds>(interval).count()));
    arguments.SetInt(
        GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
        static_cast<int>(duration_cast<milliseconds>(config.keepalive_timeout).count()));
    arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  }
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (config.own_connection) arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  std::string name = config.tls.server_name.empty() ? endpoint.server_name : config.tls.server_name;
  if (!name.empty()) arguments.SetSslTargetNameOverride(name);
  return arguments;
}

}  // namespace

void set_grpc_log(bool verbose) {
  if (verbose) {
    gpr_set_log_function(nullptr);
    gpr_set_log_verbosity(GPR_LOG_SEVERITY_DEBUG);
  } else {
    gpr_set_log_function([](gpr_log_func_args*) {});
  }
}

Result<Channels> dial(const ClientConfig& config) {
  Result<Pems> pems = read_pems(config.tls);
  if (!pems.ok()) return pems.failure();
  // As with etcd's client, the first endpoint's scheme decides for all of them.
  Transport transport = parse_endpoint(config.endpoints.front()).transport;
  bool secure = transport == Transport::kTls ||
                (transport == Transport::kAsConfigured && config.tls.wanted());
  auto credentials =
      secure ? tls_credentials(config.tls, *pems) : grpc::InsecureChannelCredentials();
  Channels channels;
  for (const std::string& text : config.endpoints) {
    Endpoint endpoint = parse_endpoint(text);
    channels.push_back(grpc::CreateCustomChannel(endpoint.target, credentials,
                                                 channel_arguments(config, endpoint)));
  }
  return channels;
}

}  // namespace keelson::ctl
