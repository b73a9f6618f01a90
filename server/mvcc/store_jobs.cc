// The store's part in whole-store work: hashes, images, and shrinking into a new generation.
#include "base/check.h"
#include "mvcc/copy_jobs.h"
#include "mvcc/hash_job.h"
#include "mvcc/store_impl.h"

namespace keelson::mvcc {

// While one lives, compaction removes no rows from the database.
class StoreCopyGuard final : public CopyGuard {
 public:
  StoreCopyGuard(StoreImpl& store, bool shrinking) : store_(store), shrinking_(shrinking) {
    ++store_.copies_;
    if (shrinking_) store_.shrink_floor_ = store_.persisted_.applied;
  }
  ~StoreCopyGuard() override {
    --store_.copies_;
    if (shrinking_) store_.shrink_floor_.reset();
  }

 private:
  StoreImpl& store_;
  const bool shrinking_;
};

Result<std::unique_ptr<Store::HashJob>> StoreImpl::make_hash_job(Revision rev) {
  if (rev.value == 0) rev = current_;
  if (rev > current_) {
    return Status(Code::kOutOfRange, "etcdserver: mvcc: required revision is a future revision");
  }
  if (rev < compacted_) {
    return Status(Code::kOutOfRange, "etcdserver: mvcc: required revision has been compacted");
  }
  return std::unique_ptr<HashJob>(std::make_unique<RevisionHashJob>(index_, view(), pin(), rev));
}

std::unique_ptr<Store::ImageJob> StoreImpl::make_image_job(std::string path) {
  return std::make_unique<FileImageJob>(writer_->shared_backend(), std::move(path), generation_,
                                        options_.pace,
                                        std::make_unique<StoreCopyGuard>(*this, false));
}

std::unique_ptr<Store::ShrinkJob> StoreImpl::make_shrink_job() {
  CHECK(!shrink_floor_);  // one at a time
  return std::make_unique<GenerationShrinkJob>(GenerationShrinkJob::Input{
      .source = writer_->shared_backend(),
      .dir = dir_,
      .options = options_,
      .generation = generation_ + 1,
      .metrics = metrics_,
      .guard = std::make_unique<StoreCopyGuard>(*this, true),
  });
}

std::unique_ptr<Store::PersistJob> StoreImpl::make_switch_job(std::unique_ptr<ShrinkJob> job) {
  CHECK(!job_out_);
  std::unique_ptr<GenerationShrinkJob> shrink(static_cast<GenerationShrinkJob*>(job.release()));
  job_out_ = true;
  return std::make_unique<SwitchJob>(std::move(shrink), writer_);
}

void StoreImpl::switched(SwitchJob& job) {
  if (!job.done()) {
    unfinished_switch_ = job.take_shrink();
    return;
  }
  retired_ = {.backend = writer_->shared_backend(), .dir = writer_->backend().dir()};
  writer_ = job.shrink().writer();
  writer_->backend().readers().count_in(&metrics_->open_reads);
  ++generation_;
  CHECK(writer_->backend().opened_meta().generation == generation_);
  file_sizes_ = writer_->sizes();
}

}  // namespace keelson::mvcc
