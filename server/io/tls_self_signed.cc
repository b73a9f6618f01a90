#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "io/socket.h"
#include "io/tls.h"
#include "io/tls_material.h"

namespace keelson::io {
namespace {

using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslDeleter<EVP_PKEY_free>>;
using CertPtr = std::unique_ptr<X509, OpensslDeleter<X509_free>>;
using BioPtr = std::unique_ptr<BIO, OpensslDeleter<BIO_free_all>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, OpensslDeleter<X509_EXTENSION_free>>;

Status failed(const std::string& what) { return {Code::kInternal, what + ": " + openssl_error()}; }

std::string san_text(const std::vector<std::string>& hosts) {
  std::string out;
  for (const std::string& host : hosts) {
    unsigned char address[16];
    const bool ip = ::inet_pton(AF_INET, host.c_str(), address) == 1 ||
                    ::inet_pton(AF_INET6, host.c_str(), address) == 1;
    if (host.empty()) continue;
    if (!out.empty()) out += ',';
    out += (ip ? "IP:" : "DNS:") + host;
  }
  return out;
}

bool add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_serial(X509* certificate) {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
  bytes[0] &= 0x7f;  // positive
  ASN1_INTEGER* serial = X509_get_serialNumber(certificate);
  return ASN1_STRING_set(serial, bytes, sizeof bytes) == 1;
}

CertPtr make_certificate(EVP_PKEY* key, const std::vector<std::string>& hosts, uint64_t years,
                         const Clock& clock) {
  CertPtr certificate(X509_new());
  const auto now = static_cast<time_t>(clock.wall() / std::chrono::seconds(1));
  const auto days = static_cast<int>(years * 365);
  time_t base = now;
  X509* c = certificate.get();
  const auto* organization = reinterpret_cast<const unsigned char*>("etcd");
  const std::string san = san_text(hosts);
  const bool made =
      X509_set_version(c, 2) == 1 && set_serial(c) &&
      X509_time_adj_ex(X509_getm_notBefore(c), 0, 0, &base) != nullptr &&
      X509_time_adj_ex(X509_getm_notAfter(c), days, 0, &base) != nullptr &&
      X509_set_pubkey(c, key) == 1 &&
      X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "O", MBSTRING_ASC, organization, -1, -1,
                                 0) == 1 &&
      X509_set_issuer_name(c, X509_get_subject_name(c)) == 1 &&
      add_extension(c, NID_basic_constraints, "critical,CA:TRUE") &&
      add_extension(c, NID_key_usage, "critical,digitalSignature,keyEncipherment,cRLSign") &&
      add_extension(c, NID_ext_key_usage, "serverAuth") &&
      (san.empty() || add_extension(c, NID_subject_alt_name, san)) &&
      X509_sign(c, key, EVP_sha512()) > 0;
  return made ? std::move(certificate) : nullptr;
}

// Written beside its place and renamed: a crash must not leave half a file that looks finished.
Status write_file(const std::string& path, BIO* contents, mode_t mode) {
  const std::string part = path + ".tmp";
  char* data = nullptr;
  const long size = BIO_get_mem_data(contents, &data);
  const Fd fd(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  const bool written = fd.valid() && ::write(fd.get(), data, static_cast<size_t>(size)) == size &&
                       ::fsync(fd.get()) == 0 && ::rename(part.c_str(), path.c_str()) == 0;
  if (written) return {};
  return {Code::kInternal, "cannot write " + path + ": " + std::strerror(errno)};
}

Status write_pair(const TlsOptions& options, EVP_PKEY* key, X509* certificate) {
  const BioPtr cert_text(BIO_new(BIO_s_mem())), key_text(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(cert_text.get(), certificate) != 1 ||
      PEM_write_bio_PrivateKey(key_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return failed("cannot encode the certificate");
  const Status status = write_file(options.key_file, key_text.get(), 0600);
  return status.ok() ? write_file(options.cert_file, cert_text.get(), 0644) : status;
}

}  // namespace

Status make_self_signed(const std::string& directory, const std::vector<std::string>& hosts,
                        uint64_t validity_years, const Clock& clock, Log& log,
                        TlsOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return {Code::kInternal, "cannot create " + directory + ": " + error.message()};
  std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  options.cert_file = directory + "/cert.pem";
  options.key_file = directory + "/key.pem";
  if (::access(options.cert_file.c_str(), F_OK) == 0 &&
      ::access(options.key_file.c_str(), F_OK) == 0)
    return {};
  if (validity_years == 0 || validity_years > 1000)
    return {Code::kInvalidArgument,
            "selfSignedCertValidity is invalid,it should be greater than 0"};
  log.warn("automatically generate certificates",
           {{"directory", directory}, {"validity-years", validity_years}});
  const KeyPtr key(EVP_EC_gen("P-521"));
  if (!key) return failed("cannot make a key");
  const CertPtr certificate = make_certificate(key.get(), hosts, validity_years, clock);
  if (!certificate) return failed("cannot make a certificate");
  const Status status = write_pair(options, key.get(), certificate.get());
  if (status.ok()) {
    log.info("created cert file", {{"path", options.cert_file}});
    log.info("created key file", {{"path", options.key_file}});
  }
  return status;
}

}  // namespace keelson::io
