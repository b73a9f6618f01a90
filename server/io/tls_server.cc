#include <functional>
#include <utility>

#include "base/mutex.h"
#include "io/tls.h"
#include "io/tls_material.h"

namespace keelson::io {
namespace {

// How often the files are looked at while clients connect.
constexpr Duration kLookInterval = std::chrono::seconds(1);

// Material that follows its files.
class ReloadingMaterial {
 public:
  using Load = std::function<Result<std::shared_ptr<TlsMaterial>>()>;
  // The stamps are taken before the files are read: a write in between shows at the next look.
  ReloadingMaterial(TlsOptions files, Load load, const Clock& clock, Log& log)
      : files_(std::move(files)),
        load_(std::move(load)),
        clock_(clock),
        log_(log),
        stamps_(file_stamps(files_)),
        looked_(clock.now()) {}

  Status first_load() {
    MutexLock lock(mutex_);
    Result<std::shared_ptr<TlsMaterial>> loaded = load_();
    if (loaded.ok()) material_ = std::move(*loaded);
    return loaded.status();
  }

  std::shared_ptr<const TlsMaterial> current() {
    MutexLock lock(mutex_);
    look();
    return material_;
  }

 private:
  // A load that failed is tried again only when a file has changed once more: the other half of
  // the pair came.
  void look() REQUIRES(mutex_) {
    const TimePoint now = clock_.now();
    if (now - looked_ < kLookInterval) return;
    looked_ = now;
    std::vector<FileStamp> stamps = file_stamps(files_);
    if (stamps == stamps_) return;
    stamps_ = std::move(stamps);
    Result<std::shared_ptr<TlsMaterial>> loaded = load_();
    if (loaded.ok()) {
      material_ = std::move(*loaded);
      log_.info("reloaded TLS certificates",
                {{"cert-file", files_.cert_file}, {"key-file", files_.key_file}});
    } else {
      log_.warn("failed to reload TLS certificates, the old ones stay in use",
                {{"cert-file", files_.cert_file},
                 {"key-file", files_.key_file},
                 {"error", loaded.status().text()}});
    }
  }

  const TlsOptions files_;
  const Load load_;
  const Clock& clock_;
  Log& log_;
  Mutex mutex_;
  std::shared_ptr<const TlsMaterial> material_ GUARDED_BY(mutex_);
  std::vector<FileStamp> stamps_ GUARDED_BY(mutex_);
  TimePoint looked_ GUARDED_BY(mutex_);
};

class ReloadingServer final : public TlsServer {
 public:
  explicit ReloadingServer(std::unique_ptr<ReloadingMaterial> material)
      : material_(std::move(material)) {}
  std::unique_ptr<TlsSession> begin() override { return make_tls_session(material_->current()); }

 private:
  const std::unique_ptr<ReloadingMaterial> material_;
};

class ReloadingClient final : public TlsClient {
 public:
  explicit ReloadingClient(std::unique_ptr<ReloadingMaterial> material)
      : material_(std::move(material)) {}
  std::unique_ptr<TlsSession> begin(const std::string& host) override {
    return make_tls_session(material_->current(), host);
  }

 private:
  const std::unique_ptr<ReloadingMaterial> material_;
};

Status check_lists(const std::vector<std::string>& names, const std::vector<std::string>& hosts) {
  if (names.empty() || hosts.empty()) return {};
  return {Code::kInvalidArgument, "AllowedCNs and AllowedHostnames are mutually exclusive"};
}

}  // namespace

Result<std::unique_ptr<TlsServer>> TlsServer::create(TlsOptions options, const Clock& clock,
                                                     Log& log) {
  if (Status fit = check_lists(options.allowed_cn, options.allowed_hostname); !fit.ok()) return fit;
  auto material = std::make_unique<ReloadingMaterial>(
      options, [options] { return TlsMaterial::load(options); }, clock, log);
  if (Status loaded = material->first_load(); !loaded.ok()) return loaded;
  return std::unique_ptr<TlsServer>(std::make_unique<ReloadingServer>(std::move(material)));
}

Result<std::unique_ptr<TlsClient>> TlsClient::create(TlsClientOptions options, const Clock& clock,
                                                     Log& log) {
  if (Status fit = check_lists(options.allowed_cn, options.allowed_hostname); !fit.ok()) return fit;
  TlsOptions files;
  files.cert_file = options.cert_file;
  files.key_file = options.key_file;
  files.trusted_ca_file = options.trusted_ca_file;
  files.crl_file = options.crl_file;
  auto material = std::make_unique<ReloadingMaterial>(
      files, [options] { return TlsMaterial::load_client(options); }, clock, log);
  if (Status loaded = material->first_load(); !loaded.ok()) return loaded;
  return std::unique_ptr<TlsClient>(std::make_unique<ReloadingClient>(std::move(material)));
}

}  // namespace keelson::io
