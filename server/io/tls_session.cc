#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "io/connect.h"
#include "io/tls.h"
#include "io/tls_material.h"

namespace keelson::io {
namespace {

// What OpenSSL reads from and writes to in place of a socket.
struct Pipe {
  std::string_view in;
  std::string* out = nullptr;
};

int pipe_write(BIO* bio, const char* data, size_t size, size_t* written) {
  Pipe& pipe = *static_cast<Pipe*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *written = 0;
  if (pipe.out == nullptr) return 0;
  pipe.out->append(data, size);
  *written = size;
  return 1;
}

int pipe_read(BIO* bio, char* data, size_t size, size_t* taken) {
  Pipe& pipe = *static_cast<Pipe*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *taken = std::min(size, pipe.in.size());
  if (*taken == 0) {
    BIO_set_retry_read(bio);
    return 0;
  }
  std::memcpy(data, pipe.in.data(), *taken);
  pipe.in.remove_prefix(*taken);
  return 1;
}

long pipe_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* pipe_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "keelson pipe");
    CHECK(m != nullptr);
    BIO_meth_set_write_ex(m, pipe_write);
    BIO_meth_set_read_ex(m, pipe_read);
    BIO_meth_set_ctrl(m, pipe_control);
    return m;
  }();
  return method;
}

TlsSession::AlternativeNames names_of(const X509* certificate) {
  TlsSession::AlternativeNames out;
  auto* list = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list); i++) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, i);
    if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
    const ASN1_STRING* value = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
    const std::string bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                            static_cast<size_t>(ASN1_STRING_length(value)));
    if (name->type == GEN_DNS) {
      out.names.push_back(bytes);
    } else if (bytes.size() == 4 || bytes.size() == 16) {
      char text[INET6_ADDRSTRLEN] = "";
      ::inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof text);
      out.addresses.emplace_back(text);
    }
  }
  GENERAL_NAMES_free(list);
  return out;
}

class OpensslSession final : public TlsSession {
 public:
  OpensslSession(std::shared_ptr<const TlsMaterial> material, const std::string& host)
      : material_(std::move(material)), ssl_(SSL_new(material_->context.get())) {
    BIO* bio = BIO_new(pipe_method());
    CHECK(ssl_ && bio != nullptr);
    BIO_set_data(bio, &pipe_);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);  // owns it
    if (material_->dials) {
      SSL_set_connect_state(ssl_.get());
      expect_host(host);
    } else {
      SSL_set_accept_state(ssl_.get());
    }
  }

  void feed(std::string_view ciphertext) override {
    CHECK(pipe_.in.empty() || state_ == State::kFailed);
    pipe_.in = ciphertext;
  }

  State handshake(std::string& ciphertext) override {
    if (state_ != State::kHandshake) return state_;
    pipe_.out = &ciphertext;
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) {
      opened();
    } else if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
      fail();
    }
    pipe_.out = nullptr;
    return state_;
  }

  size_t read(char* buffer, size_t size, std::string& ciphertext) override {
    if (state_ != State::kOpen || ended_) return 0;
    pipe_.out = &ciphertext;
    ERR_clear_error();
    size_t n = 0;
    const int result = SSL_read_ex(ssl_.get(), buffer, size, &n);
    if (result != 1) {
      n = 0;
      const int error = SSL_get_error(ssl_.get(), result);
      if (error == SSL_ERROR_ZERO_RETURN) ended_ = true;
      if (error != SSL_ERROR_ZERO_RETURN && error != SSL_ERROR_WANT_READ) fail();
      // What follows a goodbye is nobody's.
      if (ended_) pipe_.in = {};
    }
    pipe_.out = nullptr;
    return n;
  }

  bool write(std::string_view plaintext, std::string& ciphertext) override {
    if (state_ != State::kOpen) return false;
    if (plaintext.empty()) return true;
    pipe_.out = &ciphertext;
    ERR_clear_error();
    size_t written = 0;
    const int result = SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &written);
    if (result != 1 || written != plaintext.size()) fail();
    pipe_.out = nullptr;
    return state_ == State::kOpen;
  }

  void end(std::string& ciphertext) override {
    if (state_ != State::kOpen) return;
    pipe_.out = &ciphertext;
    ERR_clear_error();
    (void)SSL_shutdown(ssl_.get());
    pipe_.out = nullptr;
  }

  State state() const override { return state_; }
  bool ended() const override { return ended_; }
  std::string_view alpn() const override { return alpn_; }
  std::string_view certificate_name() const override { return name_; }
  std::string_view server_name() const override { return server_name_; }
  const std::string& failure() const override { return failure_; }
  AlternativeNames alternative_names() const override {
    const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
    return certificate == nullptr ? AlternativeNames() : names_of(certificate);
  }

 private:
  // Go ignores the common name: only alternative names count.
  void expect_host(const std::string& host) {
    const bool address = is_address_literal(host);
    if (!address) SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
    if (!material_->verifies_servers) return;
    X509_VERIFY_PARAM* rules = SSL_get0_param(ssl_.get());
    X509_VERIFY_PARAM_set_hostflags(
        rules, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (address) {
      CHECK(X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) == 1);
    } else {
      CHECK(X509_VERIFY_PARAM_set1_host(rules, host.c_str(), host.size()) == 1);
    }
  }

  void opened() {
    state_ = State::kOpen;
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &protocol, &size);
    alpn_.assign(reinterpret_cast<const char*>(protocol), size);
    const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
    if (certificate != nullptr && material_->verifies_clients) name_ = common_name(certificate);
  }

  void fail() {
    state_ = State::kFailed;
    const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    if (name != nullptr) server_name_ = name;
    failure_ = openssl_error();
    const long verdict = SSL_get_verify_result(ssl_.get());
    if (verdict != X509_V_OK)
      failure_ += std::string(": ") + X509_verify_cert_error_string(verdict);
  }

  const std::shared_ptr<const TlsMaterial> material_;
  Pipe pipe_;
  SslPtr ssl_;
  State state_ = State::kHandshake;
  bool ended_ = false;
  std::string alpn_, name_, server_name_, failure_;
};

}  // namespace

std::unique_ptr<TlsSession> make_tls_session(std::shared_ptr<const TlsMaterial> material,
                                             const std::string& host) {
  return std::make_unique<OpensslSession>(std::move(material), host);
}

}  // namespace keelson::io
