#include "io/tls_material.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>

#include "io/tls_ciphers.h"

namespace keelson::io {
namespace {

using BioPtr = std::unique_ptr<BIO, OpensslDeleter<BIO_free_all>>;
using CrlPtr = std::unique_ptr<X509_CRL, OpensslDeleter<X509_CRL_free>>;

Status failed(const std::string& what) {
  return {Code::kInvalidArgument, what + ": " + openssl_error()};
}

std::string serial_bytes(const ASN1_INTEGER* serial) {
  const auto* data = ASN1_STRING_get0_data(serial);
  std::string_view bytes(reinterpret_cast<const char*>(data),
                         static_cast<size_t>(ASN1_STRING_length(serial)));
  while (!bytes.empty() && bytes.front() == '\0') bytes.remove_prefix(1);
  return std::string(bytes);
}

int protocol_of(const std::string& version) {
  if (version == "TLS1.2") return TLS1_2_VERSION;
  if (version == "TLS1.3") return TLS1_3_VERSION;
  return version.empty() ? 0 : -1;
}

Status set_versions(SSL_CTX* context, const TlsOptions& options) {
  const int lowest = protocol_of(options.min_version.empty() ? "TLS1.2" : options.min_version);
  const int highest = protocol_of(options.max_version);
  if (lowest < 0 || highest < 0 || (highest != 0 && lowest > highest))
    return {Code::kInvalidArgument, "unexpected TLS version"};
  if (SSL_CTX_set_min_proto_version(context, lowest) != 1 ||
      SSL_CTX_set_max_proto_version(context, highest) != 1)
    return failed("TLS version");
  return {};
}

// PEM or DER, as people have either.
CrlPtr read_crl(const std::string& path) {
  BioPtr file(BIO_new_file(path.c_str(), "rb"));
  if (!file) return nullptr;
  CrlPtr crl(d2i_X509_CRL_bio(file.get(), nullptr));
  if (crl) return crl;
  ERR_clear_error();
  file.reset(BIO_new_file(path.c_str(), "rb"));
  return CrlPtr(file ? PEM_read_bio_X509_CRL(file.get(), nullptr, nullptr, nullptr) : nullptr);
}

Status load_crl(const std::string& path, std::set<std::string>& revoked) {
  if (path.empty()) return {};
  const CrlPtr crl = read_crl(path);
  if (!crl) return failed("cannot read " + path);
  STACK_OF(X509_REVOKED)* list = X509_CRL_get_REVOKED(crl.get());
  for (int i = 0; i < sk_X509_REVOKED_num(list); i++)
    revoked.insert(serial_bytes(X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(list, i))));
  return {};
}

bool host_matches(X509* certificate, const std::string& host) {
  const bool address = X509_check_ip_asc(certificate, host.c_str(), 0) == 1;
  constexpr unsigned kFlags =
      X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
  return address || X509_check_host(certificate, host.c_str(), host.size(), kFlags, nullptr) == 1;
}

bool is_allowed(const TlsMaterial& material, X509* certificate) {
  const TlsOptions& options = material.options;
  if (!options.allowed_cn.empty()) {
    const std::string name = common_name(certificate);
    return std::find(options.allowed_cn.begin(), options.allowed_cn.end(), name) !=
           options.allowed_cn.end();
  }
  if (options.allowed_hostname.empty()) return true;
  return std::any_of(options.allowed_hostname.begin(), options.allowed_hostname.end(),
                     [&](const std::string& host) { return host_matches(certificate, host); });
}

// etcd compares serial numbers alone, of every certificate that the client sent.
bool is_revoked(const TlsMaterial& material, X509_STORE_CTX* store) {
  const auto listed = [&](const X509* certificate) {
    return material.revoked.contains(serial_bytes(X509_get0_serialNumber(certificate)));
  };
  if (material.revoked.empty()) return false;
  if (listed(X509_STORE_CTX_get0_cert(store))) return true;
  STACK_OF(X509)* sent = X509_STORE_CTX_get0_untrusted(store);
  for (int i = 0; i < sk_X509_num(sent); i++)
    if (listed(sk_X509_value(sent, i))) return true;
  return false;
}

// Instead of OpenSSL's own verification: the same, then our rules; within the handshake, so that
// the other side gets an alert.
int verify_other(X509_STORE_CTX* store, void* argument) {
  const TlsMaterial& material = *static_cast<const TlsMaterial*>(argument);
  if (X509_verify_cert(store) != 1) return 0;
  if (is_revoked(material, store)) {
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REVOKED);
    return 0;
  }
  if (!is_allowed(material, X509_STORE_CTX_get0_cert(store))) {
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
  }
  return 1;
}

Status demand_client_certificates(SSL_CTX* context, TlsMaterial& material) {
  const std::string& ca = material.options.trusted_ca_file;
  if (ca.empty() && !material.options.client_cert_auth) return {};
  if (ca.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else {
    if (SSL_CTX_load_verify_file(context, ca.c_str()) != 1) return failed("cannot read " + ca);
    STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(ca.c_str());
    if (names == nullptr) return failed("cannot read " + ca);
    SSL_CTX_set_client_CA_list(context, names);
  }
  // Go takes any certificate in the file as an anchor, an intermediate one too.
  X509_STORE_set_flags(SSL_CTX_get_cert_store(context), X509_V_FLAG_PARTIAL_CHAIN);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, verify_other, &material);
  material.verifies_clients = true;
  return {};
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned offered_size, void* argument) {
  const TlsMaterial& material = *static_cast<const TlsMaterial*>(argument);
  for (const std::string& ours : material.options.alpn) {
    for (unsigned at = 0; at < offered_size; at += 1u + offered[at]) {
      const std::string_view theirs(reinterpret_cast<const char*>(offered + at + 1), offered[at]);
      if (theirs != ours) continue;
      *out = offered + at + 1;
      *out_size = offered[at];
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// No resumption: a revoked certificate must not live on in a ticket. No renegotiation: nobody needs
// it and it costs us more than the client.
void set_modes(SSL_CTX* context) {
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
}

Status load_pair(SSL_CTX* context, const TlsOptions& options) {
  if (options.cert_file.empty() || options.key_file.empty()) {
    return {Code::kInvalidArgument, "KeyFile and CertFile must both be present[key: " +
                                        options.key_file + ", cert: " + options.cert_file + "]"};
  }
  if (SSL_CTX_use_certificate_chain_file(context, options.cert_file.c_str()) != 1)
    return failed("cannot read " + options.cert_file);
  if (SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return failed("cannot read " + options.key_file);
  if (SSL_CTX_check_private_key(context) != 1)
    return failed(options.key_file + " does not belong to " + options.cert_file);
  return {};
}

Status set_ciphers(SSL_CTX* context, const TlsOptions& options) {
  const Result<std::string> list = openssl_cipher_list(options.cipher_suites);
  if (!list.ok()) return list.status();
  // Only suites of TLS 1.3 were named: nothing is left for 1.2, as in Go.
  if (list->empty()) {
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    return {};
  }
  return SSL_CTX_set_cipher_list(context, list->c_str()) == 1 ? Status() : failed("cipher suites");
}

FileStamp stamp_of(const std::string& path) {
  FileStamp stamp;
  struct stat info{};
  if (path.empty() || ::stat(path.c_str(), &info) != 0) return stamp;
  stamp.mtime_ns = int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
  stamp.size = info.st_size;
  stamp.inode = info.st_ino;
  stamp.device = info.st_dev;
  return stamp;
}

}  // namespace

std::string openssl_error() {
  const unsigned long code = ERR_get_error();
  char text[256] = "unknown error";
  if (code != 0) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return text;
}

std::string common_name(const X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  int at = -1;
  for (int next = -1; (next = X509_NAME_get_index_by_NID(subject, NID_commonName, next)) >= 0;)
    at = next;
  if (at < 0) return {};
  unsigned char* utf8 = nullptr;
  const ASN1_STRING* data = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
  const int size = ASN1_STRING_to_UTF8(&utf8, data);
  if (size < 0) return {};
  std::string name(reinterpret_cast<char*>(utf8), static_cast<size_t>(size));
  OPENSSL_free(utf8);
  return name;
}

std::vector<FileStamp> file_stamps(const TlsOptions& options) {
  return {stamp_of(options.cert_file), stamp_of(options.key_file),
          stamp_of(options.trusted_ca_file), stamp_of(options.crl_file)};
}

namespace {

Status check_servers(SSL_CTX* context, const TlsClientOptions& options, TlsMaterial& material) {
  if (options.insecure_skip_verify) {
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    return {};
  }
  if (options.trusted_ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else if (SSL_CTX_load_verify_file(context, options.trusted_ca_file.c_str()) != 1) {
    return failed("cannot read " + options.trusted_ca_file);
  }
  X509_STORE_set_flags(SSL_CTX_get_cert_store(context), X509_V_FLAG_PARTIAL_CHAIN);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, verify_other, &material);
  material.verifies_servers = true;
  return {};
}

// The rules that both sides of a connection share.
TlsOptions shared_options(const TlsClientOptions& from) {
  TlsOptions to;
  to.cert_file = from.cert_file;
  to.key_file = from.key_file;
  to.trusted_ca_file = from.trusted_ca_file;
  to.crl_file = from.crl_file;
  to.allowed_cn = from.allowed_cn;
  to.allowed_hostname = from.allowed_hostname;
  to.cipher_suites = from.cipher_suites;
  to.min_version = from.min_version;
  to.max_version = from.max_version;
  return to;
}

}  // namespace

Result<std::shared_ptr<TlsMaterial>> TlsMaterial::load_client(const TlsClientOptions& options) {
  ERR_clear_error();
  auto material = std::make_shared<TlsMaterial>();
  material->options = shared_options(options);
  material->dials = true;
  material->context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = material->context.get();
  if (context == nullptr) return failed("TLS");
  set_modes(context);
  Status status = set_versions(context, material->options);
  if (status.ok()) status = set_ciphers(context, material->options);
  const bool has_pair = !options.cert_file.empty() || !options.key_file.empty();
  if (status.ok() && has_pair) status = load_pair(context, material->options);
  if (status.ok()) status = check_servers(context, options, *material);
  if (status.ok()) status = load_crl(options.crl_file, material->revoked);
  if (!status.ok()) return status;
  return material;
}

Result<std::shared_ptr<TlsMaterial>> TlsMaterial::load(const TlsOptions& options) {
  ERR_clear_error();
  auto material = std::make_shared<TlsMaterial>();
  material->options = options;
  material->context.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = material->context.get();
  if (context == nullptr) return failed("TLS");
  set_modes(context);
  Status status = set_versions(context, options);
  if (status.ok()) status = set_ciphers(context, options);
  if (status.ok()) status = load_pair(context, options);
  if (status.ok()) status = demand_client_certificates(context, *material);
  if (status.ok()) status = load_crl(options.crl_file, material->revoked);
  if (!status.ok()) return status;
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, material.get());
  return material;
}

}  // namespace keelson::io
