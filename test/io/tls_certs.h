// Certificates made for one test, and a TLS client that talks over byte strings.
#pragma once

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"

namespace keelson::io::test {

struct Identity {
  std::shared_ptr<EVP_PKEY> key;
  std::shared_ptr<X509> certificate;

  std::string cert_pem() const {
    return pem([&](BIO* b) { return PEM_write_bio_X509(b, certificate.get()); });
  }
  std::string key_pem() const {
    return pem([&](BIO* b) {
      return PEM_write_bio_PrivateKey(b, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }

 private:
  template <typename F>
  static std::string pem(F write) {
    std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
    CHECK(write(bio.get()) == 1);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<size_t>(size)};
  }
};

inline void add_extension(X509* c, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, c, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  CHECK(extension != nullptr);
  X509_add_ext(c, extension, -1);
  X509_EXTENSION_free(extension);
}

// A certificate signed by `issuer`, or by itself when null. `san` in OpenSSL's form:
// "DNS:a,IP:1.2.3.4".
inline Identity make_identity(const std::string& name, const Identity* issuer, long serial,
                              const std::string& san = "", bool ca = false) {
  Identity out;
  out.key.reset(EVP_EC_gen("P-256"), EVP_PKEY_free);
  out.certificate.reset(X509_new(), X509_free);
  X509* c = out.certificate.get();
  X509_set_version(c, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(c), serial);
  X509_gmtime_adj(X509_getm_notBefore(c), -3600);
  X509_gmtime_adj(X509_getm_notAfter(c), 86400);
  X509_set_pubkey(c, out.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509* signer = issuer != nullptr ? issuer->certificate.get() : c;
  X509_set_issuer_name(c, X509_get_subject_name(signer));
  add_extension(c, signer, NID_basic_constraints, ca ? "critical,CA:TRUE" : "CA:FALSE");
  if (!san.empty()) add_extension(c, signer, NID_subject_alt_name, san);
  EVP_PKEY* key = issuer != nullptr ? issuer->key.get() : out.key.get();
  CHECK(X509_sign(c, key, EVP_sha256()) > 0);
  return out;
}

// A list that revokes the given serial numbers, as PEM.
inline std::string make_crl(const Identity& ca, const std::vector<long>& serials) {
  std::unique_ptr<X509_CRL, void (*)(X509_CRL*)> crl(X509_CRL_new(), X509_CRL_free);
  X509_CRL_set_version(crl.get(), 1);
  X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(ca.certificate.get()));
  std::unique_ptr<ASN1_TIME, void (*)(ASN1_TIME*)> now(X509_gmtime_adj(nullptr, 0), ASN1_TIME_free);
  X509_CRL_set1_lastUpdate(crl.get(), now.get());
  for (const long serial : serials) {
    X509_REVOKED* revoked = X509_REVOKED_new();
    std::unique_ptr<ASN1_INTEGER, void (*)(ASN1_INTEGER*)> number(ASN1_INTEGER_new(),
                                                                  ASN1_INTEGER_free);
    ASN1_INTEGER_set(number.get(), serial);
    X509_REVOKED_set_serialNumber(revoked, number.get());
    X509_REVOKED_set_revocationDate(revoked, now.get());
    X509_CRL_add0_revoked(crl.get(), revoked);
  }
  X509_CRL_sign(crl.get(), ca.key.get(), EVP_sha256());
  std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
  CHECK(PEM_write_bio_X509_CRL(bio.get(), crl.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

// A directory of its own for each test, removed at the end.
class CertDirectory {
 public:
  CertDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "keelson-tls-XXXXXX").string();
    CHECK(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~CertDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, std::string_view text) const {
    std::ofstream(path_ + "/" + name, std::ios::trunc) << text;
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

// The client's side of a TLS connection; bytes are carried by the test.
class TlsClient {
 public:
  struct Options {
    const Identity* identity = nullptr;
    std::string alpn = "h2";  // empty: none offered
    int max_version = 0;
    std::string ciphers = {};
  };
  explicit TlsClient(const Options& options)
      : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    SSL_CTX* context = context_.get();
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    if (options.max_version != 0) SSL_CTX_set_max_proto_version(context, options.max_version);
    if (!options.ciphers.empty())
      CHECK(SSL_CTX_set_cipher_list(context, options.ciphers.c_str()) == 1);
    if (options.identity != nullptr) {
      SSL_CTX_use_certificate(context, options.identity->certificate.get());
      SSL_CTX_use_PrivateKey(context, options.identity->key.get());
    }
    ssl_.reset(SSL_new(context));
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_connect_state(ssl_.get());
    if (!options.alpn.empty()) {
      const std::string offered = static_cast<char>(options.alpn.size()) + options.alpn;
      SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(offered.data()),
                          static_cast<unsigned>(offered.size()));
    }
  }

  void feed(std::string_view bytes) {
    CHECK(bytes.empty() || BIO_write(in_, bytes.data(), static_cast<int>(bytes.size())) > 0);
  }
  std::string take() {
    char* data = nullptr;
    const long size = BIO_get_mem_data(out_, &data);
    std::string bytes(data, static_cast<size_t>(size));
    BIO_reset(out_);
    return bytes;
  }
  // Goes on with the handshake; false after it failed.
  bool step() {
    if (failed_ || open()) return !failed_;
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    failed_ = result != 1 && SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ;
    return !failed_;
  }
  bool open() const { return SSL_is_init_finished(ssl_.get()) == 1 && !failed_; }
  bool failed() const { return failed_; }
  void write(std::string_view text) {
    CHECK(SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) > 0);
  }
  // What has come; an alert makes failed() true.
  std::string read() {
    std::string out;
    char buffer[16384];
    for (;;) {
      ERR_clear_error();
      const int n = SSL_read(ssl_.get(), buffer, sizeof buffer);
      if (n > 0) {
        out.append(buffer, static_cast<size_t>(n));
        continue;
      }
      const int error = SSL_get_error(ssl_.get(), n);
      if (error == SSL_ERROR_SSL) failed_ = true;
      if (error == SSL_ERROR_ZERO_RETURN) ended_ = true;
      return out;
    }
  }
  bool ended() const { return ended_; }
  std::string alpn() const {
    const unsigned char* data = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &data, &size);
    return {reinterpret_cast<const char*>(data), size};
  }
  int version() const { return SSL_version(ssl_.get()); }
  std::string cipher() const { return SSL_get_cipher_name(ssl_.get()); }
  long server_serial() const {
    const X509* c = SSL_get0_peer_certificate(ssl_.get());
    return c == nullptr ? -1 : ASN1_INTEGER_get(X509_get0_serialNumber(c));
  }

 private:
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_{nullptr, SSL_free};
  BIO* in_ = nullptr;   // owned by ssl_
  BIO* out_ = nullptr;  // owned by ssl_
  bool failed_ = false, ended_ = false;
};

}  // namespace keelson::io::test
