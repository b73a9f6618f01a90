#include "io/sha.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "base/check.h"

namespace keelson::io {

std::array<char, 20> sha1(std::string_view data) {
  std::array<char, 20> out;
  SHA1(reinterpret_cast<const unsigned char*>(data.data()), data.size(),
       reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

struct Sha256::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~Impl() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {
  CHECK(EVP_DigestInit_ex(impl_->context, EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;

void Sha256::update(std::string_view data) {
  CHECK(EVP_DigestUpdate(impl_->context, data.data(), data.size()) == 1);
}

std::array<char, 32> Sha256::finish() {
  std::array<char, 32> out;
  unsigned size = 0;
  CHECK(EVP_DigestFinal_ex(impl_->context, reinterpret_cast<unsigned char*>(out.data()), &size) ==
        1);
  CHECK(size == out.size());
  CHECK(EVP_DigestInit_ex(impl_->context, nullptr, nullptr) == 1);
  return out;
}

}  // namespace keelson::io
