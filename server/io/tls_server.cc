#include <utility>

#include "base/mutex.h"
#include "io/tls.h"
#include "io/tls_material.h"

namespace keelson::io {
namespace {

// How often the files are looked at while clients connect.
constexpr Duration kLookInterval = std::chrono::seconds(1);

class ReloadingServer final : public TlsServer {
 public:
  ReloadingServer(TlsOptions options, std::shared_ptr<const TlsMaterial> material,
                  std::vector<FileStamp> stamps, const Clock& clock, Log& log)
      : options_(std::move(options)),
        clock_(clock),
        log_(log),
        material_(std::move(material)),
        stamps_(std::move(stamps)),
        looked_(clock.now()) {}

  std::unique_ptr<TlsSession> begin() override {
    MutexLock lock(mutex_);
    look();
    return make_tls_session(material_);
  }

 private:
  // The stamps are taken before the files are read: a write in between shows at the next look. A
  // load that failed is tried again only when a file has changed once more: the other half of the
  // pair came.
  void look() REQUIRES(mutex_) {
    const TimePoint now = clock_.now();
    if (now - looked_ < kLookInterval) return;
    looked_ = now;
    std::vector<FileStamp> stamps = file_stamps(options_);
    if (stamps == stamps_) return;
    stamps_ = std::move(stamps);
    Result<std::shared_ptr<TlsMaterial>> loaded = TlsMaterial::load(options_);
    if (loaded.ok()) {
      material_ = std::move(*loaded);
      log_.info("reloaded TLS certificates",
                {{"cert-file", options_.cert_file}, {"key-file", options_.key_file}});
    } else {
      log_.warn("failed to reload TLS certificates, the old ones stay in use",
                {{"cert-file", options_.cert_file},
                 {"key-file", options_.key_file},
                 {"error", loaded.status().text()}});
    }
  }

  const TlsOptions options_;
  const Clock& clock_;
  Log& log_;
  Mutex mutex_;
  std::shared_ptr<const TlsMaterial> material_ GUARDED_BY(mutex_);
  std::vector<FileStamp> stamps_ GUARDED_BY(mutex_);
  TimePoint looked_ GUARDED_BY(mutex_);
};

}  // namespace

Result<std::unique_ptr<TlsServer>> TlsServer::create(TlsOptions options, const Clock& clock,
                                                     Log& log) {
  if (!options.allowed_cn.empty() && !options.allowed_hostname.empty()) {
    return Status(Code::kInvalidArgument, "AllowedCNs and AllowedHostnames are mutually exclusive");
  }
  std::vector<FileStamp> stamps = file_stamps(options);
  Result<std::shared_ptr<TlsMaterial>> material = TlsMaterial::load(options);
  if (!material.ok()) return material.status();
  return std::unique_ptr<TlsServer>(std::make_unique<ReloadingServer>(
      std::move(options), std::move(*material), std::move(stamps), clock, log));
}

}  // namespace keelson::io
