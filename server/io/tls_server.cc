#include <functional>
#include <utility>

#include "base/mutex.h"
#include "io/tls.h"
#include "io/tls_material.h"

namespace keelson::io {
namespace {

// How often the files are looked at, at most.
constexpr Duration kLookInterval = std::chrono::seconds(1);

// Material that follows its files, and the job that renews it: shared, because a job may still wait
// in its queue when the port is gone.
class ReloadingMaterial : public std::enable_shared_from_this<ReloadingMaterial> {
 public:
  using Load = std::function<Result<std::shared_ptr<TlsMaterial>>()>;
  // The stamps are taken before the files are read: a write in between shows at the next look.
  ReloadingMaterial(TlsOptions files, Load load, Executor& executor, const Clock& clock, Log& log)
      : files_(std::move(files)),
        load_(std::move(load)),
        executor_(executor),
        clock_(clock),
        log_(log),
        looked_(clock.now()),
        stamps_(file_stamps(files_)) {}

  Status first_load() {
    Result<std::shared_ptr<TlsMaterial>> loaded = load_();
    if (!loaded.ok()) return loaded.status();
    MutexLock lock(mutex_);
    material_ = std::move(*loaded);
    return {};
  }

  // Never waits for a disk.
  std::shared_ptr<const TlsMaterial> current() {
    look();
    MutexLock lock(mutex_);
    return material_;
  }

  // A full queue is no reason to wait: the next look comes in a second.
  void look() {
    if (!due()) return;
    if (!executor_.post([self = shared_from_this()] { self->look_at_files(); })) looked();
  }

 private:
  // True when it is time to look; looked() has to follow.
  bool due() {
    const TimePoint now = clock_.now();
    MutexLock lock(mutex_);
    if (looking_ || now - looked_ < kLookInterval) return false;
    looked_ = now;
    looking_ = true;
    return true;
  }

  void looked() {
    MutexLock lock(mutex_);
    looking_ = false;
  }

  // A load that failed is tried again only when a file has changed once more: the other half of
  // the pair came.
  void look_at_files() {
    std::vector<FileStamp> stamps = file_stamps(files_);
    if (stamps != stamps_) {
      stamps_ = std::move(stamps);
      reload();
    }
    looked();
  }

  void reload() {
    Result<std::shared_ptr<TlsMaterial>> loaded = load_();
    if (!loaded.ok()) {
      log_.warn("failed to reload TLS certificates, the old ones stay in use",
                {{"cert-file", files_.cert_file},
                 {"key-file", files_.key_file},
                 {"error", loaded.status().text()}});
      return;
    }
    std::shared_ptr<const TlsMaterial> fresh = std::move(*loaded);
    {
      MutexLock lock(mutex_);
      material_.swap(fresh);
    }  // the old one is freed outside of the lock
    log_.info("reloaded TLS certificates",
              {{"cert-file", files_.cert_file}, {"key-file", files_.key_file}});
  }

  const TlsOptions files_;
  const Load load_;
  Executor& executor_;
  const Clock& clock_;
  Log& log_;
  Mutex mutex_;
  std::shared_ptr<const TlsMaterial> material_ GUARDED_BY(mutex_);
  TimePoint looked_ GUARDED_BY(mutex_);
  bool looking_ GUARDED_BY(mutex_) = false;
  std::vector<FileStamp> stamps_;  // the job's; there is one at a time
};

class ReloadingServer final : public TlsServer {
 public:
  explicit ReloadingServer(std::shared_ptr<ReloadingMaterial> material)
      : material_(std::move(material)) {}
  std::unique_ptr<TlsSession> begin() override { return make_tls_session(material_->current()); }
  void look() override { material_->look(); }

 private:
  const std::shared_ptr<ReloadingMaterial> material_;
};

class ReloadingClient final : public TlsClient {
 public:
  explicit ReloadingClient(std::shared_ptr<ReloadingMaterial> material)
      : material_(std::move(material)) {}
  std::unique_ptr<TlsSession> begin(const std::string& host) override {
    return make_tls_session(material_->current(), host);
  }
  void look() override { material_->look(); }

 private:
  const std::shared_ptr<ReloadingMaterial> material_;
};

Status check_lists(const std::vector<std::string>& names, const std::vector<std::string>& hosts) {
  if (names.empty() || hosts.empty()) return {};
  return {Code::kInvalidArgument, "AllowedCNs and AllowedHostnames are mutually exclusive"};
}

}  // namespace

Result<std::unique_ptr<TlsServer>> TlsServer::create(TlsOptions options, Executor& files,
                                                     const Clock& clock, Log& log) {
  if (Status fit = check_lists(options.allowed_cn, options.allowed_hostname); !fit.ok()) return fit;
  auto material = std::make_shared<ReloadingMaterial>(
      options, [options] { return TlsMaterial::load(options); }, files, clock, log);
  if (Status loaded = material->first_load(); !loaded.ok()) return loaded;
  return std::unique_ptr<TlsServer>(std::make_unique<ReloadingServer>(std::move(material)));
}

Result<std::unique_ptr<TlsClient>> TlsClient::create(TlsClientOptions options, Executor& files,
                                                     const Clock& clock, Log& log) {
  if (Status fit = check_lists(options.allowed_cn, options.allowed_hostname); !fit.ok()) return fit;
  TlsOptions watched;
  watched.cert_file = options.cert_file;
  watched.key_file = options.key_file;
  watched.trusted_ca_file = options.trusted_ca_file;
  watched.crl_file = options.crl_file;
  auto material = std::make_shared<ReloadingMaterial>(
      watched, [options] { return TlsMaterial::load_client(options); }, files, clock, log);
  if (Status loaded = material->first_load(); !loaded.ok()) return loaded;
  return std::unique_ptr<TlsClient>(std::make_unique<ReloadingClient>(std::move(material)));
}

}  // namespace keelson::io
