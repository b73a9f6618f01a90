// The jobs that copy the state: an image in a file, the next generation, and the switch to it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "mvcc/metrics.h"
#include "mvcc/state_copy.h"
#include "mvcc/store.h"
#include "mvcc/writer.h"

namespace keelson::mvcc {

// Held by a job on the store's behalf; released when the job is destroyed, on the node thread.
class CopyGuard {
 public:
  virtual ~CopyGuard() = default;
};

class FileImageJob final : public Store::ImageJob {
 public:
  FileImageJob(std::shared_ptr<Backend> source, std::string path, uint64_t generation,
               std::function<void(size_t)> pace, std::unique_ptr<CopyGuard> guard)
      : source_(std::move(source)),
        path_(std::move(path)),
        generation_(generation),
        guard_(std::move(guard)) {
    control_.pace = std::move(pace);
  }

  Status run() override;
  Index index() const override { return index_; }
  uint64_t rows_done() const override { return control_.rows; }
  void cancel() override { control_.cancelled = true; }

 private:
  const std::shared_ptr<Backend> source_;
  const std::string path_;
  const uint64_t generation_;
  CopyControl control_;
  Index index_;
  const std::unique_ptr<CopyGuard> guard_;
};

class GenerationShrinkJob final : public Store::ShrinkJob {
 public:
  struct Input {
    std::shared_ptr<Backend> source;
    std::string dir;  // that holds the generations
    Options options;
    uint64_t generation = 0;  // to build
    std::shared_ptr<Metrics> metrics;
    std::unique_ptr<CopyGuard> guard;
  };
  explicit GenerationShrinkJob(Input input);
  ~GenerationShrinkJob() override;

  Status run() override;
  uint64_t generation() const override { return in_.generation; }

  // After a run() that went well: the last step, on the persister thread.
  Status finish();
  std::shared_ptr<Writer> writer() const { return writer_; }
  Backend& source() { return *in_.source; }

 private:
  Status build();
  Status open_and_catch_up();

  Input in_;
  CopyControl control_;
  StateMeta reached_;
  std::shared_ptr<Writer> writer_;
  bool switched_ = false;
};

class SwitchJob final : public Store::PersistJob {
 public:
  SwitchJob(std::unique_ptr<GenerationShrinkJob> shrink, std::shared_ptr<Writer> old)
      : shrink_(std::move(shrink)), old_(std::move(old)) {}
  void run() override;
  bool no_space() const override { return !done_; }

  bool done() const { return done_; }
  const GenerationShrinkJob& shrink() const { return *shrink_; }
  std::unique_ptr<GenerationShrinkJob> take_shrink() { return std::move(shrink_); }

 private:
  std::unique_ptr<GenerationShrinkJob> shrink_;
  const std::shared_ptr<Writer> old_;
  bool done_ = false;
};

}  // namespace keelson::mvcc
